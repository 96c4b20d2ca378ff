package fabric

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/vpcnative/vpcnative/test/lab/balance"
	"github.com/vpcnative/vpcnative/test/lab/netns"
)

// targets are what is to be probed: once for each member of a service, however
// many balancers send to it.
func (f *Fabric) targets() map[balance.Key]balance.Target {
	out := map[balance.Key]balance.Target{}
	for _, b := range f.current.Balancers {
		for _, m := range b.Members {
			n, plugged := f.nics[m.Machine]
			if _, ok := out[b.Key(m)]; ok || !plugged || len(b.Fronts) == 0 {
				continue
			}
			out[b.Key(m)] = target(b, m, n)
		}
	}
	return out
}

// target is how a member is probed. The clouds probe a passthrough balancer's
// address itself, which a mark leads to the member, and else the member.
func target(b balance.Balancer, m balance.Member, n NIC) balance.Target {
	front := b.Fronts[0]
	if b.Passthrough() {
		return balance.Target{Check: b.Check, From: balance.Sources(front.External), To: netip.AddrPortFrom(front.Addr, b.Check.Port), Mark: n.mark()}
	}
	to := netip.AddrPortFrom(m.Addr, cmp.Or(b.Check.Port, m.Port))
	if b.Proxy != nil {
		return balance.Target{Check: b.Check, From: balance.Sources(false), To: to}
	}
	for _, x := range b.Fronts {
		if x.Zone == m.Zone || x.Zone == "" {
			front = x
		}
	}
	return balance.Target{Check: b.Check, From: []netip.Prefix{netip.PrefixFrom(front.Addr, 32)}, To: to}
}

// dial connects from inside the fabric. A socket belongs to the namespace in
// which it was made, so the thread goes there for that moment only.
func (f *Fabric) dial(ctx context.Context, from netip.Addr, to netip.AddrPort, mark int) (conn net.Conn, err error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: from.AsSlice()}, Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		if err := c.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_MARK, mark) }); err != nil {
			return err
		}
		return failed
	}}
	err = Inside(f.Namespace(), func() error {
		conn, err = d.DialContext(ctx, "tcp4", to.String())
		return err
	})
	return conn, err
}

// listen takes connections inside the fabric.
func (f *Fabric) listen(at netip.AddrPort) (l net.Listener, err error) {
	err = Inside(f.Namespace(), func() error {
		l, err = net.Listen("tcp4", at.String())
		return err
	})
	return l, err
}

// Inside runs do on a thread that is in the namespace; what it starts is not.
func Inside(name string, do func() error) error {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer home.Close()
	there, err := os.Open(netns.Path(name))
	if err == nil {
		defer there.Close()
		err = unix.Setns(int(there.Fd()), unix.CLONE_NEWNET)
	}
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("entering the namespace %s: %w", name, err)
	}
	err = do()
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		return back // the thread stays locked and ends with its goroutine
	}
	runtime.UnlockOSThread()
	return err
}
