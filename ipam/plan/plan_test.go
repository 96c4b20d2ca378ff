package plan

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/ipam/prefix"
	"github.com/vpcnative/vpcnative/test/golden"
)

func pfxs(s ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, x := range s {
		out = append(out, netip.MustParsePrefix(x))
	}
	return out
}

// vpc is the space of most tests.
func vpc() Space {
	return Space{
		Supernets: pfxs("10.0.0.0/12", "fd00:1::/48"),
		Occupied: []Occupied{
			{netip.MustParsePrefix("10.0.0.0/20"), `primary range of subnet "nodes"`, ""},
			{netip.MustParsePrefix("10.4.0.0/14"), `secondary range "pods-old" of subnet "nodes"`, "owned by another cluster"},
			{netip.MustParsePrefix("10.15.0.0/16"), "reserved", "the datacentre in Ghent uses it"},
			{netip.MustParsePrefix("192.168.0.0/16"), `route "onprem"`, ""},
			{netip.MustParsePrefix("fd00:1::/64"), `primary range of subnet "nodes"`, ""},
		},
	}
}

func granted(p ...string) Space {
	s := vpc()
	s.Granted = pfxs(p...)
	for _, g := range s.Granted {
		s.Occupied = append(s.Occupied, Occupied{g, "granted", ""})
	}
	return s
}

var cases = []struct {
	name  string
	req   Request
	space Space
	want  []Reason
}{
	{"named", Request{CIDRs: []string{"10.8.0.0/16"}, NodeLength: 24}, vpc(), []Reason{Asked}},
	{"named, granted already", Request{CIDRs: []string{"10.8.0.0/16"}}, granted("10.8.0.0/16"), []Reason{Granted}},
	{"named, one more", Request{CIDRs: []string{"10.8.0.0/16", "10.9.0.0/16"}}, granted("10.8.0.0/16"), []Reason{Granted, Asked}},
	{"named, another than granted", Request{CIDRs: []string{"10.9.0.0/16"}}, granted("10.8.0.0/16"), []Reason{Asked, Unwanted}},
	{"named, larger than granted", Request{CIDRs: []string{"10.8.0.0/15"}}, granted("10.8.0.0/16"), []Reason{Overlap, Unwanted}},
	{"host bits", Request{CIDRs: []string{"10.8.0.1/16"}}, vpc(), []Reason{HostBits}},
	{"malformed", Request{CIDRs: []string{"10.8.0.0"}}, vpc(), []Reason{Malformed}},
	{"other family", Request{CIDRs: []string{"fd00:1:0:1::/64"}}, vpc(), []Reason{WrongFamily}},
	{"mapped", Request{Family: prefix.IPv6, CIDRs: []string{"::ffff:10.8.0.0/112"}}, vpc(), []Reason{WrongFamily}},
	{"outside the supernets", Request{CIDRs: []string{"172.16.0.0/16"}}, vpc(), []Reason{OutsideSupernets}},
	{"partly outside the supernets", Request{CIDRs: []string{"10.0.0.0/11"}}, vpc(), []Reason{OutsideSupernets}},
	{"overlaps a secondary range", Request{CIDRs: []string{"10.6.0.0/16"}}, vpc(), []Reason{Overlap}},
	{"overlaps a reservation", Request{CIDRs: []string{"10.15.3.0/24"}}, vpc(), []Reason{Overlap}},
	{"overlaps itself", Request{CIDRs: []string{"10.8.0.0/16", "10.8.4.0/24"}}, vpc(), []Reason{Asked, Overlap}},
	{"node larger than named range", Request{CIDRs: []string{"10.8.0.0/25"}, NodeLength: 24}, vpc(), []Reason{NodeLargerThanRange}},
	{"by length", Request{PrefixLength: 16, NodeLength: 24}, vpc(), []Reason{Chosen}},
	{"by length, small", Request{PrefixLength: 22}, vpc(), []Reason{Chosen}},
	{"by length, grown", Request{PrefixLength: 16, Ranges: 3}, granted("10.8.0.0/16"), []Reason{Granted, Chosen, Chosen}},
	{"by length, IPv6", Request{Family: prefix.IPv6, PrefixLength: 64, NodeLength: 80}, vpc(), []Reason{Chosen}},
	{"by length, no room", Request{PrefixLength: 13}, vpc(), []Reason{NoSpace}},
	{"by length, no supernet", Request{PrefixLength: 13}, Space{}, []Reason{NoSpace}},
	{"by length, grown beyond", Request{PrefixLength: 14, Ranges: 5}, granted("10.8.0.0/14"), []Reason{Granted, NoSpace}},
	{"length of the other family", Request{PrefixLength: 64}, vpc(), []Reason{InvalidSize}},
	{"node larger than range", Request{PrefixLength: 24, NodeLength: 20}, vpc(), []Reason{NodeLargerThanRange}},
	{"by capacity", Request{Capacity: &Capacity{Nodes: 256, Pods: 110}}, vpc(), []Reason{Chosen}},
	{"by capacity, once", Request{Capacity: &Capacity{Nodes: 256, Pods: 128, Factor: 1}}, vpc(), []Reason{Chosen}},
	{"by capacity, enough granted", Request{Capacity: &Capacity{Nodes: 200, Pods: 110}}, granted("10.8.0.0/16"), []Reason{Granted}},
	{"by capacity, raised", Request{Capacity: &Capacity{Nodes: 300, Pods: 110}}, granted("10.8.0.0/16"), []Reason{Granted, Chosen}},
	{"by capacity, lowered", Request{Capacity: &Capacity{Nodes: 20, Pods: 110}}, granted("10.8.0.0/16", "10.9.0.0/16"), []Reason{Granted, Unwanted}},
	{"by capacity, nodes too small", Request{Capacity: &Capacity{Nodes: 20, Pods: 110}, NodeLength: 25}, vpc(), []Reason{InvalidSize}},
	{"by capacity, no room", Request{Capacity: &Capacity{Nodes: 5000, Pods: 110}}, vpc(), []Reason{NoSpace}},
	{"by capacity, absurd", Request{Capacity: &Capacity{Nodes: 1 << 40, Pods: 110}}, vpc(), []Reason{InvalidSize}},
	{"no pods", Request{Capacity: &Capacity{Nodes: 5}}, vpc(), []Reason{InvalidSize}},
	{"no size", Request{}, vpc(), []Reason{InvalidSize}},
	{"two sizes", Request{PrefixLength: 16, CIDRs: []string{"10.8.0.0/16"}}, vpc(), []Reason{InvalidSize}},
}

func TestRanges(t *testing.T) {
	var printed strings.Builder
	for _, c := range cases {
		if c.req.Family == 0 {
			c.req.Family = prefix.IPv4
		}
		plan := Ranges(c.req, c.space)
		fmt.Fprintf(&printed, "# %s\n%s\n", c.name, plan)
		var got []Reason
		for _, a := range plan {
			got = append(got, a.Reason)
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: got %v, want %v:\n%s", c.name, got, c.want, plan)
		}
	}
	golden.Check(t, "testdata/ranges.golden", printed.String())
}

// TestCarvedRangesAreFree: whatever is planned lies in the supernets and overlaps nothing, nor each other.
func TestCarvedRangesAreFree(t *testing.T) {
	for _, c := range cases {
		if c.req.Family == 0 {
			c.req.Family = prefix.IPv4
		}
		var all []netip.Prefix
		for _, o := range c.space.Occupied {
			all = append(all, o.Prefix)
		}
		for _, a := range Ranges(c.req, c.space) {
			if a.Verb != Carve {
				continue
			}
			if over := prefix.Overlapping(all, a.Prefix); len(over) > 0 || !prefix.Within(c.space.Supernets, a.Prefix) {
				t.Errorf("%s: %s overlaps %v or is outside", c.name, a.Prefix, over)
			}
			all = append(all, a.Prefix)
		}
	}
}

// TestNodeLength has the table that GKE documents for flexible pod ranges, and AWS's slots of /28.
func TestNodeLength(t *testing.T) {
	for _, c := range []struct{ pods, factor, want int }{
		{8, 2, 28}, {9, 2, 27}, {16, 2, 27}, {17, 2, 26}, {32, 2, 26}, {33, 2, 25}, {64, 2, 25}, {65, 2, 24},
		{110, 2, 24}, {128, 2, 24}, {129, 2, 23}, {256, 2, 23}, {16, 1, 28}, {110, 1, 25}, {1, 1, 32}, {1, 2, 31},
	} {
		got, err := NodeLength(prefix.IPv4, c.pods, c.factor)
		if err != nil || got != c.want {
			t.Errorf("%d pods x %d: got /%d, %v, want /%d", c.pods, c.factor, got, err, c.want)
		}
		if carries := Pods(prefix.IPv4, got, c.factor); carries < uint64(c.pods) {
			t.Errorf("a /%d carries %d pods, want at least %d", got, carries, c.pods)
		}
	}
	if got, err := NodeLength(prefix.IPv6, 110, 2); err != nil || got != 120 {
		t.Errorf("IPv6: got /%d, %v", got, err)
	}
	for _, bad := range [][2]int{{0, 2}, {-1, 2}, {5, 0}, {1 << 40, 2}} {
		if got, err := NodeLength(prefix.IPv4, bad[0], bad[1]); err == nil {
			t.Errorf("%v: got /%d, want an error", bad, got)
		}
	}
}

func TestNodes(t *testing.T) {
	for _, c := range []struct {
		length, node int
		want         string
	}{{14, 24, "1024"}, {17, 24, "128"}, {21, 24, "8"}, {24, 24, "1"}, {25, 24, "0"}, {16, 128, "5192296858534827628530496329220096"}} {
		if got := Nodes(c.length, c.node); got.String() != c.want {
			t.Errorf("/%d in a /%d: got %s, want %s", c.node, c.length, got, c.want)
		}
	}
}

// TestLengthAndBack: a range sized for nodes feeds them, and half of it does not.
func TestLengthAndBack(t *testing.T) {
	for nodes := 1; nodes < 3000; nodes += 7 {
		c := Capacity{Nodes: nodes, Pods: 60}
		length, node, err := c.Length(prefix.IPv4)
		if err != nil {
			t.Fatal(err)
		}
		want := prefix.NewCount(uint64(nodes))
		if Nodes(length, node).Cmp(want) < 0 || Nodes(length+1, node).Cmp(want) >= 0 {
			t.Errorf("%d nodes of /%d: a /%d is wrong", nodes, node, length)
		}
	}
}
