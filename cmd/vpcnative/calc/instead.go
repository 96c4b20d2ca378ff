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

// instead gives the changes of one flag that would make the plan fit, each
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
	for g := math.Ceil(a.Growth) - 1; g >= 1; g-- {
		if try(fmt.Sprintf("--growth %gx", g), func(b *Ask) { b.Growth = g }) {
			break
		}
	}
	for n := below(a.Nodes); n >= 1; n /= 2 {
		if try(fmt.Sprintf("--nodes %d", n), func(b *Ask) { b.Nodes = n }) {
			break
		}
	}
	for n := below(a.MaxPods); a.NodePrefixLength == 0 && n >= 8; n /= 2 {
		if try(fmt.Sprintf("--max-pods %d", n), func(b *Ask) { b.MaxPods = n }) {
			break
		}
	}
	for n := below(a.Services); n >= 8; n /= 2 {
		if try(fmt.Sprintf("--services %d", n), func(b *Ask) { b.Services = n }) {
			break
		}
	}
	for _, p := range private {
		if len(prefix.Overlapping(a.Supernets, p)) > 0 {
			continue
		}
		wider := append(append([]netip.Prefix{}, a.Supernets...), p)
		if try(fmt.Sprintf("a further --supernet %s, if your VPC has it free", p), func(b *Ask) { b.Supernets = wider }) {
			break
		}
	}
	return out
}

// below is the largest power of two that is less than n.
func below(n int) int {
	if n < 2 {
		return 0
	}
	return 1 << (bits.Len(uint(n-1)) - 1)
}
