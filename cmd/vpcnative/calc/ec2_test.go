package calc

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// onEC2 is a plan for EC2 in three zones, unless a case says otherwise.
func onEC2(change func(*Flags)) func(*Flags) {
	return func(f *Flags) {
		f.EC2 = &EC2Flags{Region: "eu-west-1", Zones: []string{"a", "b", "c"}, Blocks: 5, RoutesPerTable: 500}
		if change != nil {
			change(f)
		}
	}
}

var casesOfEC2 = []one{
	{"usual", onEC2(nil)},
	{"one zone, the VPC and its subnet known", onEC2(func(f *Flags) {
		f.Nodes, f.Growth, f.EC2.Zones, f.EC2.VPC = 100, "", []string{"eu-west-1-lhr-1a"}, "vpc-0123456789abcdef0"
		f.EC2.Subnets = []string{"subnet-0123456789abcdef0"}
	})},
	{"small machines", onEC2(func(f *Flags) { f.Nodes, f.MaxPods, f.EC2.Slots, f.Services = 9, 58, 5, 0 })},
	{"smaller nodes than the cloud has pieces", onEC2(func(f *Flags) { f.Nodes, f.MaxPods, f.Services = 3, 4, 0 })},
	{"a fixed node size", onEC2(func(f *Flags) { f.NodePrefixLength, f.Nodes, f.Services = "24", 30, 0 })},
	{"blocks of one family, and those that go with any", onEC2(func(f *Flags) {
		f.Supernets = []string{"10.0.0.0/16", "172.16.0.0/16", "172.31.0.0/16", "100.64.0.0/15"}
		f.Reserved, f.Growth, f.EC2.Zones = nil, "2x", []string{"a", "b", "c"}
	})},
	{"by routes", onEC2(func(f *Flags) { f.Nodes, f.Growth, f.EC2.Attachment = 200, "2x", "Routes" })},
	{"by routes, pieces smaller than a /28", onEC2(func(f *Flags) { f.Nodes, f.MaxPods, f.Growth, f.EC2.Attachment = 20, 8, "1x", "Routes" })},
	{"more routes than the table takes", onEC2(func(f *Flags) { f.EC2.Attachment = "Routes" })},
	{"more routes than any table takes", onEC2(func(f *Flags) { f.Nodes, f.EC2.Attachment = 1200, "Routes" })},
	{"too few slots", onEC2(func(f *Flags) { f.EC2.Slots = 5 })},
	{"a node size too small", onEC2(func(f *Flags) { f.NodePrefixLength = "26" })},
	{"a node size smaller than a prefix", onEC2(func(f *Flags) { f.NodePrefixLength, f.MaxPods = "29", 8 })},
	{"a node as large as a subnet", onEC2(func(f *Flags) { f.MaxPods = 65_536 })},
	{"more blocks than a VPC has", onEC2(func(f *Flags) { f.Nodes = 700 })},
	{"more than all blocks hold", onEC2(func(f *Flags) { f.Nodes = 1_000_000 })},
	{"no room for the blocks", onEC2(func(f *Flags) { f.Supernets, f.Reserved = []string{"10.0.0.0/17"}, nil })},
	{"no room for services", onEC2(func(f *Flags) {
		f.Supernets, f.Reserved, f.Nodes, f.Growth = []string{"10.0.0.0/16"}, nil, 400, "1x"
	})},
	{"IDs of other subnets than the plan's", onEC2(func(f *Flags) { f.EC2.Subnets = []string{"subnet-0123456789abcdef0"} })},
}

// TestEC2HoldsWhatItIsFor: whatever is asked for, the blocks are such as one VPC
// takes, apart from what is reserved; each subnet lies in one of them, holds its
// share of the cluster at its largest, with a range for each node that is clear of
// what EC2 keeps, and has addresses left for the machines; services lie outside.
func TestEC2HoldsWhatItIsFor(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(4, 2))
	planned := 0
	for range 60 {
		f := usual(onEC2(func(f *Flags) {
			f.Nodes, f.MaxPods, f.Growth = 1+r.IntN(1500), 1+r.IntN(250), []string{"1x", "1.5x", "3x"}[r.IntN(3)]
			f.EC2.Zones, f.EC2.Blocks = []string{"a", "b", "c", "d"}[:1+r.IntN(4)], 1+r.IntN(12)
			f.Supernets = [][]string{{"10.0.0.0/8"}, {"172.16.0.0/12", "192.168.0.0/16"}, {"10.0.0.0/14", "100.64.0.0/12"}}[r.IntN(3)]
			f.Reserved = []string{"10.1.0.0/16=office", "172.16.3.0/24=office", "100.70.0.0/15=office"}
		}))
		result, err := f.plan()
		if err != nil {
			continue
		}
		planned++
		holds(t, f, result)
	}
	if planned < 30 {
		t.Errorf("only %d of 60 were planned", planned)
	}
}

// TestUnitsBeyondTheQuotaAreSaid: of the VPC's network address units.
func TestUnitsBeyondTheQuotaAreSaid(t *testing.T) {
	t.Parallel()
	for nodes, want := range map[int]bool{7000: false, 8000: true} {
		result, err := usual(onEC2(func(f *Flags) { f.Nodes, f.Growth, f.EC2.Blocks = nodes, "1x", 50 })).plan()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(strings.Join(result.Notes, "\n"), "network address units, and a VPC has 64,000"); got != want {
			t.Errorf("%d nodes: it is said: %v, in %q", nodes, got, result.Notes)
		}
	}
}

func holds(t *testing.T, f Flags, result Result) {
	t.Helper()
	a, err := Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	var blocks, inside, reserved []netip.Prefix
	for _, x := range a.Reserved {
		reserved = append(reserved, x.Prefix)
	}
	family := -1
	for _, text := range result.VPC.Blocks {
		p := netip.MustParsePrefix(text)
		if p.Bits() < 16 || p.Bits() > 28 || len(prefix.Overlapping(append(reserved, blocks...), p)) > 0 {
			t.Errorf("%+v: block %s", f, p)
		}
		for i, x := range families {
			if x.Overlaps(p) && family >= 0 && family != i {
				t.Errorf("%+v: blocks of two families, %v", f, result.VPC.Blocks)
			} else if x.Overlaps(p) {
				family = i
			}
		}
		blocks = append(blocks, p)
	}
	if len(blocks) > f.EC2.Blocks {
		t.Errorf("%+v: %d blocks", f, len(blocks))
	}
	nodes := 0
	for _, s := range result.VPC.Subnets {
		p := netip.MustParsePrefix(s.CIDR)
		if !prefix.Within(blocks, p) || len(prefix.Overlapping(inside, p)) > 0 {
			t.Errorf("%+v: subnet %s", f, p)
		}
		inside = append(inside, p)
		pieces, ranges := 0, 0
		for _, x := range result.Ranges {
			at := netip.MustParsePrefix(x.CIDR)
			if x.Subnet != s.ID {
				continue
			}
			ranges += 1 << (32 - at.Bits())
			for piece := at.Addr(); at.Contains(piece); {
				q := netip.PrefixFrom(piece, result.NodeSize.PrefixLength)
				if len(prefix.Overlapping(kept(p), q)) == 0 {
					pieces++
				}
				for q.Bits() < 32 {
					_, q = prefix.Halves(q)
				}
				piece = q.Addr().Next()
			}
		}
		if left := 1<<(32-p.Bits()) - ranges; pieces < s.Machines || left < s.Machines+keptByEC2 {
			t.Errorf("%+v: subnet %s has ranges for %d nodes and %d addresses beside, for %d", f, p, pieces, left, s.Machines)
		}
		nodes += s.Machines
	}
	if nodes < a.largest() {
		t.Errorf("%+v: subnets for %d nodes of %d", f, nodes, a.largest())
	}
	for _, x := range result.Ranges {
		if at := netip.MustParsePrefix(x.CIDR); x.Request == "services" && (len(prefix.Overlapping(blocks, at)) > 0 || len(prefix.Overlapping(reserved, at)) > 0) {
			t.Errorf("%+v: services at %s", f, at)
		}
	}
}
