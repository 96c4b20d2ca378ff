package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"
)

// request is one question to a server, over a connection of its own.
type request struct {
	url, from string
	timeout   time.Duration
	post      bool
}

func (q request) do(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, q.timeout)
	defer cancel()
	res, err := q.send(ctx)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = errors.New(res.Status)
	}
	return strings.TrimSpace(string(text)), err
}

func (q request) send(ctx context.Context) (*http.Response, error) {
	var dialer net.Dialer
	if q.from != "" {
		dialer.LocalAddr, dialer.Control = &net.TCPAddr{IP: net.ParseIP(q.from)}, freely
	}
	client := http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
	method := http.MethodGet
	if q.post {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, method, q.url, nil)
	if err != nil {
		return nil, err
	}
	return client.Do(r)
}

// freely lets a socket send from an address that is not the machine's own, as
// who spoofs would. It takes root.
func freely(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) { failed = syscall.SetsockoptInt(int(fd), syscall.SOL_IP, syscall.IP_TRANSPARENT, 1) })
	return errors.Join(err, failed)
}

// get asks n times; it fails if one of them does.
func get(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("get", flag.ExitOnError)
	n := flags.Int("n", 1, "how often")
	names := flags.Bool("names", false, "print who answered, in place of what they said")
	timeout := flags.Duration("timeout", 2*time.Second, "of each question")
	from := flags.String("from", "", "address to ask from, whoever has it")
	post := flags.Bool("post", false, "have it do something, by POST")
	_ = flags.Parse(args)
	var said []string
	var failed error
	for range *n {
		text, err := request{flags.Arg(0), *from, *timeout, *post}.do(ctx)
		if *names && err == nil {
			text, err = nameIn(text)
		}
		if text != "" {
			said = append(said, text)
		}
		failed = errors.Join(failed, err)
	}
	if *names {
		slices.Sort(said)
		said = []string{strings.Join(slices.Compact(said), " ")}
	}
	fmt.Println(strings.Join(said, "\n"))
	return failed
}

func nameIn(text string) (string, error) {
	var a answer
	err := json.Unmarshal([]byte(text), &a)
	return a.Name, err
}

// hold keeps one connection and prints each line that comes. It fails when the
// connection ends, or when no line comes for so long.
func hold(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("hold", flag.ExitOnError)
	timeout := flags.Duration("timeout", 3*time.Second, "after which a silent connection is taken for lost")
	_ = flags.Parse(args)
	ctx, cancel := context.WithCancelCause(ctx)
	lost := time.AfterFunc(*timeout, func() { cancel(fmt.Errorf("nothing has come for %s", *timeout)) })
	defer lost.Stop()
	res, err := request{url: flags.Arg(0)}.send(ctx)
	if err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); lost.Reset(*timeout) {
		fmt.Println(lines.Text())
	}
	return errors.Join(errors.New("the connection has ended"), context.Cause(ctx))
}

func askUDP(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("udp", flag.ExitOnError)
	timeout := flags.Duration("timeout", 2*time.Second, "until it gives up")
	_ = flags.Parse(args)
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "udp", flags.Arg(0))
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(*timeout)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("hello")); err != nil {
		return err
	}
	buffer := make([]byte, 1500)
	k, err := conn.Read(buffer)
	if err == nil {
		fmt.Println(string(buffer[:k]))
	}
	return err
}

func lookUp(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("app dns NAME")
	}
	text, err := addresses(ctx, args[0])
	if err == nil {
		fmt.Println(text)
	}
	return err
}

func addresses(ctx context.Context, name string) (string, error) {
	found, err := net.DefaultResolver.LookupHost(ctx, name)
	slices.Sort(found)
	return strings.Join(found, "\n"), err
}

func environment(_ context.Context, args []string) error {
	fmt.Println(strings.Join(variables(strings.Join(args, "")), "\n"))
	return nil
}
