package main

import (
	"io"
	"net"
	"net/netip"
	"time"

	cilium "github.com/cilium/cilium/pkg/ipam/cidrset"
	"go4.org/netipx"
	"k8s.io/klog/v2"
	kubernetes "k8s.io/kubernetes/pkg/controller/nodeipam/ipam/cidrset"

	"github.com/vpcnative/vpcnative/ipam/pool"
)

// subject is one allocator at work on one parent, with prefixes as it knows them, so that nobody is charged for
// conversions. Its functions tell whether they did what was asked.
type subject[P any] struct {
	alloc   func(bits int) (P, bool)
	release func(P) bool
	occupy  func(P) bool
	from    func(netip.Prefix) P
	pool    *pool.Pool // ours only
	keep    any        // holds on to the state while its memory is measured
}

// contender does the rows of the table; every result may be a refusal.
type contender interface {
	name() string
	fill(parent netip.Prefix, bits int) result
	churn(parent netip.Prefix, bits, percent int) result
	last(parent netip.Prefix, bits int) result
	mixed(parent netip.Prefix, from, to int) result
	restore(parent netip.Prefix, known []netip.Prefix) result
	memory(s state) result
}

// runner is a contender; made says how a subject is made for a parent and one prefix length or several, where it
// can do that work.
type runner[P any] struct {
	title string
	made  func(parent netip.Prefix, sizes ...int) (*subject[P], bool)
}

func (r runner[P]) name() string { return r.title }

func same(p netip.Prefix) netip.Prefix { return p }

func vpcnative(quarantine time.Duration) runner[netip.Prefix] {
	return runner[netip.Prefix]{"vpcnative", func(parent netip.Prefix, _ ...int) (*subject[netip.Prefix], bool) {
		return ours(parent, quarantine), true
	}}
}

// idle does nothing, to see what the measuring loop costs.
var idle = runner[netip.Prefix]{"idle", func(parent netip.Prefix, _ ...int) (*subject[netip.Prefix], bool) {
	n := uint32(0)
	return &subject[netip.Prefix]{
		alloc: func(bits int) (netip.Prefix, bool) {
			n += 1 << 8
			return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), 0}), bits), true
		},
		release: func(q netip.Prefix) bool { return q.IsValid() },
	}, true
}}

var peers = []contender{
	vpcnative(0),
	runner[netip.Prefix]{"cilium", ofCilium},
	runner[*net.IPNet]{"kubernetes", ofKubernetes},
	runner[netip.Prefix]{"netipx", ofNetipx},
}

func ours(parent netip.Prefix, quarantine time.Duration) *subject[netip.Prefix] {
	p, err := pool.New(pool.Config{Parents: []netip.Prefix{parent}, Quarantine: quarantine})
	if err != nil {
		panic(err)
	}
	p.Restored()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return &subject[netip.Prefix]{
		alloc: func(bits int) (netip.Prefix, bool) {
			if quarantine > 0 {
				now = now.Add(time.Microsecond)
			}
			q, err := p.Allocate(bits, 1, now)
			return q, err == nil
		},
		release: func(q netip.Prefix) bool {
			if quarantine > 0 {
				now = now.Add(time.Microsecond)
			}
			return p.Release(q, 1, now) == nil
		},
		occupy: func(q netip.Prefix) bool { return p.Occupy(q, 1) == nil },
		from:   same,
		keep:   p,
		pool:   p,
	}
}

func ofCilium(parent netip.Prefix, sizes ...int) (*subject[netip.Prefix], bool) {
	if len(sizes) != 1 {
		return nil, false
	}
	s, err := cilium.NewCIDRSet(parent, sizes[0])
	if err != nil {
		return nil, false
	}
	return &subject[netip.Prefix]{
		alloc: func(int) (netip.Prefix, bool) {
			q, err := s.AllocateNext()
			return q, err == nil
		},
		release: func(q netip.Prefix) bool { return s.Release(q) == nil },
		occupy:  func(q netip.Prefix) bool { return s.Occupy(q) == nil },
		from:    same,
		keep:    s,
	}, true
}

func ofKubernetes(parent netip.Prefix, sizes ...int) (*subject[*net.IPNet], bool) {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard) // it logs every refusal
	if len(sizes) != 1 {
		return nil, false
	}
	s, err := kubernetes.NewCIDRSet(netipx.PrefixIPNet(parent), sizes[0])
	if err != nil {
		return nil, false
	}
	return &subject[*net.IPNet]{
		alloc: func(int) (*net.IPNet, bool) {
			q, err := s.AllocateNext()
			return q, err == nil
		},
		release: func(q *net.IPNet) bool { return s.Release(q) == nil },
		occupy:  func(q *net.IPNet) bool { return s.Occupy(q) == nil },
		from:    netipx.PrefixIPNet,
		keep:    s,
	}, true
}

func ofNetipx(parent netip.Prefix, _ ...int) (*subject[netip.Prefix], bool) {
	var b netipx.IPSetBuilder
	b.AddPrefix(parent)
	free, err := b.IPSet()
	if err != nil {
		return nil, false
	}
	change := func(f func(b *netipx.IPSetBuilder)) bool {
		var b netipx.IPSetBuilder
		b.AddSet(free)
		f(&b)
		next, err := b.IPSet()
		if err != nil {
			return false
		}
		free = next
		return true
	}
	return &subject[netip.Prefix]{
		alloc: func(bits int) (netip.Prefix, bool) {
			q, next, ok := free.RemoveFreePrefix(uint8(bits))
			if ok {
				free = next
			}
			return q, ok
		},
		release: func(q netip.Prefix) bool { return change(func(b *netipx.IPSetBuilder) { b.AddPrefix(q) }) },
		occupy:  func(q netip.Prefix) bool { return change(func(b *netipx.IPSetBuilder) { b.RemovePrefix(q) }) },
		from:    same,
		keep:    &free,
	}, true
}
