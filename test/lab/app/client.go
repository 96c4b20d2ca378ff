package main

import (
	"context"
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
}

func (q request) do(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, q.timeout)
	defer cancel()
	var dialer net.Dialer
	if q.from != "" {
		dialer.LocalAddr, dialer.Control = &net.TCPAddr{IP: net.ParseIP(q.from)}, freely
	}
	client := http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, q.url, nil)
	if err != nil {
		return "", err
	}
	res, err := client.Do(r)
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
	timeout := flags.Duration("timeout", 2*time.Second, "of each question")
	from := flags.String("from", "", "address to ask from, whoever has it")
	_ = flags.Parse(args)
	var failed error
	for range *n {
		text, err := request{flags.Arg(0), *from, *timeout}.do(ctx)
		if text != "" {
			fmt.Println(text)
		}
		failed = errors.Join(failed, err)
	}
	return failed
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
