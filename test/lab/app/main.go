// Command app is the one program that runs in the lab's pods, and beside them in
// machines: a server that says who asked it and where, and the client that asks.
// It is static, so that an image needs nothing else.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const usage = `app serve [-listen :8080] [-udp :8080]   answer with the peer's and the own address, and more: see /help
app get [-n 1] [-names] [-post] [-timeout 2s] [-from IP] URL
                                             print what a server says, or its name
app hold [-timeout 3s] URL                   print what comes over one connection
app udp [-timeout 2s] HOST:PORT              the same by UDP
app dns NAME                                 print the addresses of a name
app env [PREFIX]                             print the environment
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	commands := map[string]func(context.Context, []string) error{
		"serve": serve, "get": get, "hold": hold, "udp": askUDP, "dns": lookUp, "env": environment,
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err := commands[os.Args[1]](ctx, os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
