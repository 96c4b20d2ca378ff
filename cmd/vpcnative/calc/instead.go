package calc

import (
	"fmt"
	"math"
	"math/bits"
	"net/netip"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// private is the space that people take supernets from.
// Source: RFC 1918, RFC 6598.
var private = []netip.Prefix{
	netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("10.0.0.0/8"),
}

// instead returns the changes of one flag that would make the plan fit, each
// tried. Halves are tried, since ranges are powers of two.
func instead(a Ask, blank cloud.Snapshot) (out []string) {
	fits := func(a Ask) bool {
		_, err := calculate(a, blank)
		return err == nil
	}
	try := func(flag string, change func(*Ask)) bool {
		b := a
		change(&b)
		if !fits(b) {
			return false
		}
		out = append(out, flag)
		return true
	}
	a.less(try)
	if a.EC2 != nil {
		a.raised(try)
	}
	if a.widened(try) {
		return out
	}
	for _, p := range private {
		if len(prefix.Overlapping(a.Supernets, p)) > 0 {
			continue
		}
		wider := append(append([]netip.Prefix{}, a.Supernets...), p)
		if try(fmt.Sprintf("another --supernet %s, if it is free in your VPC", p), func(b *Ask) { b.Supernets = wider }) {
			break
		}
	}
	return out
}

// less tries to ask for less of one thing.
func (a Ask) less(try func(flag string, change func(*Ask)) bool) {
	for g := math.Ceil(a.Growth) - 1; g >= 1; g-- {
		if try(fmt.Sprintf("--growth %gx", g), func(b *Ask) { b.Growth = g }) {
			break
		}
	}
	halve := func(flag string, from, least int, set func(*Ask, int)) {
		for n := below(from); n >= least; n /= 2 {
			if try(fmt.Sprintf("--%s %d", flag, n), func(b *Ask) { set(b, n) }) {
				break
			}
		}
	}
	halve("nodes", a.Nodes, 1, func(b *Ask, n int) { b.Nodes = n })
	if a.NodePrefixLength == 0 {
		halve("max-pods", a.MaxPods, 8, func(b *Ask, n int) { b.MaxPods = n })
	}
	halve("services", a.Services, 8, func(b *Ask, n int) { b.Services = n })
}

// widened tries the supernets themselves, wider, in the private space that they
// lie in: the least of these changes.
func (a Ask) widened(try func(string, func(*Ask)) bool) bool {
	for i, s := range a.Supernets {
		for _, p := range private {
			for n := s.Bits() - 1; n >= p.Bits() && prefix.Contains(p, s); n-- {
				wide := netip.PrefixFrom(s.Addr(), n).Masked()
				rest := append(append([]netip.Prefix{}, a.Supernets[:i]...), a.Supernets[i+1:]...)
				if len(prefix.Overlapping(rest, wide)) > 0 {
					break
				}
				flag := fmt.Sprintf("--supernet %s instead of %s, if it is free in your VPC", wide, s)
				if try(flag, func(b *Ask) { b.Supernets = append(append([]netip.Prefix{}, rest...), wide) }) {
					return true
				}
			}
		}
	}
	return false
}

// raised tries higher quotas of the account.
func (a Ask) raised(try func(string, func(*Ask)) bool) {
	for n := a.EC2.Blocks + 1; n <= maxBlocks; n++ {
		if try(fmt.Sprintf("--vpc-blocks %d, after raising the quota of IPv4 blocks", n), func(b *Ask) { b.ec2(func(e *EC2) { e.Blocks = n }) }) {
			break
		}
	}
	for _, n := range []int{500, maxRoutes} {
		if n > a.EC2.RoutesPerTable && try(fmt.Sprintf("--routes-per-table %d, after raising the quota of routes", n), func(b *Ask) { b.ec2(func(e *EC2) { e.RoutesPerTable = n }) }) {
			break
		}
	}
}

// ec2 changes what is about EC2, in a copy of its own.
func (a *Ask) ec2(change func(*EC2)) {
	e := *a.EC2
	change(&e)
	a.EC2 = &e
}

// below is the largest power of two that is less than n.
func below(n int) int {
	if n < 2 {
		return 0
	}
	return 1 << (bits.Len(uint(n-1)) - 1)
}
