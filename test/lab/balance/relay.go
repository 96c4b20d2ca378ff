package balance

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
)

// headerFor is the line that begins a connection by the PROXY protocol, version
// 1: who the client is, and what it connected to.
// https://www.haproxy.org/download/1.8/doc/proxy-protocol.txt
func headerFor(client, front net.Addr) string {
	from, to := addrPort(client), addrPort(front)
	return fmt.Sprintf("PROXY TCP4 %s %s %d %d\r\n", from.Addr(), to.Addr(), from.Port(), to.Port())
}

func addrPort(a net.Addr) netip.AddrPort {
	p, _ := netip.ParseAddrPort(a.String())
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
}

// relay copies both ways until both ends have ended. An end that is closed for
// writing may go on reading; one that fails ends both.
func relay(a, b net.Conn) {
	var both sync.WaitGroup
	both.Go(func() { pass(a, b) })
	both.Go(func() { pass(b, a) })
	both.Wait()
}

func pass(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
		err = half.CloseWrite()
	}
	if err != nil {
		to.Close()
		from.Close()
	}
}
