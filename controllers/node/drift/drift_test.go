package drift

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/test/golden"
)

var p = netip.MustParsePrefix("10.0.0.0/24")

var cases = []struct {
	name  string
	again bool // seen by the comparison before
	world World
}{
	{name: "nothing out of the ordinary"},
	{name: "an alias range missing", world: World{Missing: []Published{{"pods", "n1", "i1", p}}}},
	{name: "a prefix promised and on its way", world: World{Carried: []Carried{{Request: "pods", Instance: "i1", Prefix: p, Node: "n1", Idle: true, Holder: "n1", HolderInstance: "i1"}}}},
	{name: "of a deleted Node", world: World{Carried: []Carried{{Request: "pods", Instance: "i1", Prefix: p, Holder: "n1", HolderInstance: "i1", Gone: true}}}},
	{name: "of a deleted Node, adopted", world: World{Carried: []Carried{{Request: "pods", Instance: "i1", Prefix: p, Holder: "n1", HolderInstance: "i1", Gone: true, Adopted: true}}}},
	{name: "on another instance than the holder's", world: World{Carried: []Carried{{Request: "pods", Instance: "i1", Prefix: p, Holder: "n2", HolderInstance: "i2"}}}},
	{name: "made by hand beside the Node's own", world: World{Carried: []Carried{{Request: "pods", Instance: "i1", Prefix: p, Node: "n1"}}}},
	{name: "a VM created with it, its Node waits", again: true, world: World{Carried: []Carried{{Request: "pods", Instance: "i1", Prefix: p, Node: "n1", Idle: true}}}},
	{name: "a VM created with it, no Node yet", world: World{Carried: []Carried{{Request: "pods", Instance: "i1", Prefix: p}}}},
	{name: "a VM with it, still no Node", again: true, world: World{Carried: []Carried{{Request: "pods", Instance: "i1", Prefix: p}}}},
	{name: "podCIDRs outside every range", world: World{Foreign: []Foreign{{"pods", "n1", "172.16.0.0/24"}}}},
	{name: "ranges that overlap", world: World{Refused: []Refused{{"pods", "vn-1", "it overlaps 10.0.0.0/16"}}}},
}

func TestCompare(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	for _, c := range cases {
		fmt.Fprintf(&got, "# %s\n", c.name)
		if c.again {
			_, c.world.Before = Compare(c.world)
		}
		found, _ := Compare(c.world)
		for _, f := range found {
			fmt.Fprintln(&got, f)
		}
		got.WriteString("\n")
	}
	golden.Check(t, "testdata/compare.golden", got.String())
}

// TestOnlyOursIsRepaired is I4: what we did not put there is reported only.
func TestOnlyOursIsRepaired(t *testing.T) {
	t.Parallel()
	for _, c := range cases {
		for _, again := range []bool{false, true} {
			if again {
				_, c.world.Before = Compare(c.world)
			}
			found, _ := Compare(c.world)
			for _, f := range found {
				ours := f.Kind == AliasMissing || f.Kind == AliasLeaked
				if (f.Repair != "") != ours {
					t.Errorf("%s: %s", c.name, f)
				}
			}
		}
	}
}
