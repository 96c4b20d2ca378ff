package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// answer is what the server says of a request. The client's address is the one
// that arrived, without any header.
type answer struct {
	Name string `json:"name"`
	Peer string `json:"peer"`
	Own  string `json:"own"`
	Host string `json:"host,omitempty"`
}

func (a answer) String() string {
	text, err := json.Marshal(a)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func serve(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	listen := flags.String("listen", ":8080", "addresses of the HTTP server, with commas between them")
	udp := flags.String("udp", "", "address of the UDP server")
	name := flags.String("name", hostname(), "what the server calls itself")
	grace := flags.Duration("grace", 0, "how long it serves on after SIGTERM")
	_ = flags.Parse(args)

	failed := make(chan error, 8)
	if *udp != "" {
		conn, err := net.ListenPacket("udp", *udp)
		if err != nil {
			return err
		}
		defer conn.Close()
		go func() { failed <- serveUDP(conn, *name) }()
	}
	server := &http.Server{Handler: handler(*name), ReadHeaderTimeout: 5 * time.Second}
	for at := range strings.SplitSeq(*listen, ",") {
		l, err := net.Listen("tcp", at)
		if err != nil {
			return err
		}
		go func() { failed <- server.Serve(l) }()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	time.Sleep(*grace)
	end, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(end); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "nobody"
	}
	return name
}

const help = `/            name, the peer's address, the own address, as JSON
/healthz     200, or 503 after POST /healthz?ok=false
/env?prefix= the environment
/dns?name=   the addresses of a name
/get?url=    what another server says to this one
/hold        the same each second until one of the two ends it
`

func handler(name string) http.Handler {
	var sick atomic.Bool
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, answer{Name: name, Peer: r.RemoteAddr, Own: own(r), Host: r.Host})
	})
	mux.HandleFunc("/help", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, help) })
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if sick.Load() {
			http.Error(w, "not ok", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("POST /healthz", func(_ http.ResponseWriter, r *http.Request) { sick.Store(r.FormValue("ok") == "false") })
	mux.HandleFunc("/env", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, strings.Join(variables(r.FormValue("prefix")), "\n"))
	})
	mux.HandleFunc("/dns", func(w http.ResponseWriter, r *http.Request) {
		reply(w, func() (string, error) { return addresses(r.Context(), r.FormValue("name")) })
	})
	mux.HandleFunc("/get", func(w http.ResponseWriter, r *http.Request) {
		reply(w, func() (string, error) {
			return request{url: r.FormValue("url"), timeout: 2 * time.Second}.do(r.Context())
		})
	})
	mux.HandleFunc("/hold", holding(name))
	return mux
}

func own(r *http.Request) string {
	at, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return fmt.Sprint(at)
}

func reply(w http.ResponseWriter, do func() (string, error)) {
	text, err := do()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	fmt.Fprintln(w, text)
}

// holding says every second who answers, until one of the two ends it.
func holding(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for n := 0; ; n++ {
			fmt.Fprintf(w, "%s for %d s\n", answer{Name: name, Peer: r.RemoteAddr, Own: own(r), Host: r.Host}, n)
			if http.NewResponseController(w).Flush() != nil {
				return
			}
			select {
			case <-r.Context().Done():
				return
			case <-time.After(time.Second):
			}
		}
	}
}

func serveUDP(conn net.PacketConn, name string) error {
	buffer := make([]byte, 1500)
	for {
		_, peer, err := conn.ReadFrom(buffer)
		if err != nil {
			return err
		}
		if _, err := conn.WriteTo([]byte(answer{Name: name, Peer: peer.String(), Own: conn.LocalAddr().String()}.String()), peer); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

func variables(prefix string) []string {
	all := slices.DeleteFunc(os.Environ(), func(v string) bool { return !strings.HasPrefix(v, prefix) })
	slices.Sort(all)
	return all
}
