package calc

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws"
	"github.com/vpcnative/vpcnative/cloud/gcp"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
	"github.com/vpcnative/vpcnative/ipam/prefix"
	"github.com/vpcnative/vpcnative/test/golden"
)

// usual is what a plan says unless a case says otherwise.
func usual(change func(*Flags)) Flags {
	f := Flags{
		Nodes: 500, MaxPods: 110, Services: 4096, Growth: "3x",
		Supernets: []string{"10.0.0.0/8"}, Reserved: []string{"10.10.0.0/16=the office VPN"},
		Place: Place{Project: "my-project", Network: "my-vpc", Region: "us-central1", Subnets: []string{"nodes"}},
	}
	if change != nil {
		change(&f)
	}
	return f
}

var cases = []one{
	{"usual", nil},
	{"no growth, no services", func(f *Flags) { f.Growth, f.Services = "", 0 }},
	{"growth that the first ranges have room for", func(f *Flags) { f.Nodes, f.Growth, f.Services = 300, "1.5x", 0 }},
	{"proxies, two supernets, two subnets", func(f *Flags) {
		f.Proxy, f.Supernets, f.Place.Subnets = 23, []string{"10.0.0.0/14", "172.16.0.0/14"}, []string{"a", "b"}
	}},
	{"pinned, with proxies", func(f *Flags) { f.Pin, f.Proxy = true, 23 }},
	{"pinned", func(f *Flags) { f.Pin = true }},
	{"a fixed node size", func(f *Flags) { f.NodePrefixLength = "23" }},
	{"space that the cloud forbids, and space outside", func(f *Flags) {
		f.Supernets, f.Nodes, f.Growth, f.Reserved = []string{"169.254.0.0/15"}, 100, "1x", []string{"192.168.0.0/24"}
	}},
	{"no room", func(f *Flags) { f.Supernets, f.Reserved = []string{"10.0.0.0/16"}, nil }},
	{"no room to grow", func(f *Flags) { f.Supernets, f.Reserved = []string{"10.0.0.0/14"}, nil }},
	{"no room for services", func(f *Flags) { f.Supernets, f.Reserved, f.Growth = []string{"10.0.0.0/15"}, nil, "1x" }},
	{"everything is reserved", func(f *Flags) { f.Reserved = []string{"10.0.0.0/8"} }},
	{"a node size too small", func(f *Flags) { f.NodePrefixLength = "26" }},
	{"more than there is", func(f *Flags) { f.Nodes, f.MaxPods = 1_000_000, 65_536 }},
	{"more ranges than a subnet takes", func(f *Flags) { f.Nodes, f.Growth = 1, "500x" }},
}

func (f Flags) plan() (Result, error) {
	a, err := Parse(f)
	if err != nil {
		return Result{}, err
	}
	if a.EC2 != nil {
		return Plan(a, aws.Blank(nil))
	}
	return Plan(a, gcp.Blank(a.Place.Subnets))
}

// one is a plan by its name.
type one struct {
	name   string
	change func(*Flags)
}

func TestPlans(t *testing.T) {
	t.Parallel()
	printed(t, "plans.golden", cases)
	printed(t, "ec2.golden", casesOfEC2)
}

func printed(t *testing.T, file string, cases []one) {
	t.Helper()
	var got show.Printer
	for _, c := range cases {
		fmt.Fprintf(&got, "# %s\n", c.name)
		result, err := usual(c.change).plan()
		if err != nil {
			fmt.Fprintf(&got, "%v\n\n", err)
			continue
		}
		got.ASCII = true
		result.Print(&got)
		text, err := result.Objects.YAML()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&got, "\n%s\n", text)
	}
	golden.Check(t, "testdata/"+file, got.String())
}

// TestAPlanIsDisjoint: every range, of growth too, lies in the supernets and
// overlaps neither what is reserved, nor what the cloud forbids, nor another.
func TestAPlanIsDisjoint(t *testing.T) {
	t.Parallel()
	for _, c := range cases {
		a, err := Parse(usual(c.change))
		if err != nil {
			t.Fatal(err)
		}
		result, err := Plan(a, gcp.Blank(a.Place.Subnets))
		if err != nil {
			continue
		}
		var all []netip.Prefix
		for _, r := range a.Reserved {
			all = append(all, r.Prefix)
		}
		for _, o := range gcp.Blank(nil).Occupied {
			all = append(all, o.Prefix)
		}
		for _, r := range result.Ranges {
			p := netip.MustParsePrefix(r.CIDR)
			if over := prefix.Overlapping(all, p); len(over) > 0 || !prefix.Within(a.Supernets, p) {
				t.Errorf("%s: %s overlaps %v, or is outside", c.name, p, over)
			}
			all = append(all, p)
		}
	}
}

// TestGrowthIsEnough: all ranges of a request together feed the nodes of the
// cluster at its largest, and one range less does not.
func TestGrowthIsEnough(t *testing.T) {
	t.Parallel()
	for nodes := 1; nodes < 2000; nodes += 37 {
		for _, growth := range []float64{1, 1.2, 2, 3, 7.5} {
			a, err := Parse(usual(func(f *Flags) { f.Nodes, f.Growth, f.Services = nodes, fmt.Sprint(growth)+"x", 0 }))
			if err != nil {
				t.Fatal(err)
			}
			result, err := Plan(a, cloud.Snapshot{Subnets: []cloud.Subnet{{Name: "nodes"}}})
			if err != nil {
				t.Fatal(err)
			}
			fed, each := 0, 0
			for _, r := range result.Ranges {
				each = 1 << (result.NodeSize.PrefixLength - netip.MustParsePrefix(r.CIDR).Bits())
				fed += each
			}
			if want := float64(nodes) * growth; float64(fed) < want || len(result.Ranges) > 1 && float64(fed-each) >= want {
				t.Errorf("%d nodes, %gx: %d ranges feed %d", nodes, growth, len(result.Ranges), fed)
			}
		}
	}
}

// TestWhatWouldFitFits takes each suggestion by its word.
func TestWhatWouldFitFits(t *testing.T) {
	t.Parallel()
	tried := 0
	for _, c := range slices.Concat(cases, casesOfEC2) {
		_, err := usual(c.change).plan()
		var no *NoFit
		if !errors.As(err, &no) {
			continue
		}
		for _, instead := range no.Instead {
			f := usual(c.change)
			words := strings.Fields(strings.TrimPrefix(instead, "another "))
			value := strings.TrimSuffix(words[1], ",")
			number, _ := strconv.Atoi(value)
			switch words[0] {
			case "--growth":
				f.Growth = value
			case "--nodes":
				f.Nodes = number
			case "--max-pods":
				f.MaxPods = number
			case "--services":
				f.Services = number
			case "--vpc-blocks":
				f.EC2.Blocks = number
			case "--routes-per-table":
				f.EC2.RoutesPerTable = number
			case "--supernet":
				if _, had, wider := strings.Cut(instead, " instead of "); wider {
					had, _, _ = strings.Cut(had, ",")
					f.Supernets = slices.DeleteFunc(slices.Clone(f.Supernets), func(s string) bool { return s == had })
				}
				f.Supernets = append(f.Supernets, value)
			default:
				t.Fatalf("%s: what is %q?", c.name, instead)
			}
			tried++
			if _, err := f.plan(); err != nil {
				t.Errorf("%s: %q does not fit: %v", c.name, instead, err)
			}
		}
	}
	if tried < 8 {
		t.Errorf("only %d suggestions were tried", tried)
	}
}

func TestWrongInputIsNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Flags)
		want   []string
	}{
		"host bits":                {func(f *Flags) { f.Supernets = []string{"10.0.0.1/8"} }, []string{"--supernet", "10.0.0.1/8", "did you mean 10.0.0.0/8"}},
		"no prefix":                {func(f *Flags) { f.Supernets = []string{"10.0.0.0"} }, []string{"--supernet", "10.0.0.0", "address/length"}},
		"IPv6":                     {func(f *Flags) { f.Supernets = []string{"fd00::/48"} }, []string{"--supernet", "IPv6 where IPv4 is wanted"}},
		"overlapping supernets":    {func(f *Flags) { f.Supernets = []string{"10.4.0.0/16", "10.0.0.0/8"} }, []string{"overlap", "remove 10.4.0.0/16"}},
		"the same supernet twice":  {func(f *Flags) { f.Supernets = []string{"10.0.0.0/8", "10.0.0.0/8"} }, []string{"overlap"}},
		"no supernet":              {func(f *Flags) { f.Supernets = nil }, []string{"--supernet 10.0.0.0/8"}},
		"reserved with host bits":  {func(f *Flags) { f.Reserved = []string{"10.10.0.7/16=vpn"} }, []string{"--reserve", "did you mean 10.10.0.0/16"}},
		"reserved without words":   {func(f *Flags) { f.Reserved = []string{"10.10.0.0/16="} }, []string{"--reserve", "reason"}},
		"reserved twice":           {func(f *Flags) { f.Reserved = []string{"10.10.0.0/16", "10.10.0.0/16=vpn"} }, []string{"--reserve", "twice"}},
		"no nodes":                 {func(f *Flags) { f.Nodes = 0 }, []string{"--nodes=0"}},
		"too many nodes":           {func(f *Flags) { f.Nodes = 2_000_000 }, []string{"--nodes=2000000", "1000000"}},
		"no pods":                  {func(f *Flags) { f.MaxPods = -1 }, []string{"--max-pods=-1"}},
		"negative services":        {func(f *Flags) { f.Services = -1 }, []string{"--services=-1"}},
		"a proxy range too small":  {func(f *Flags) { f.Proxy = 27 }, []string{"--proxy=27", "26"}},
		"shrinking":                {func(f *Flags) { f.Growth = "0.5x" }, []string{"--growth=0.5x", "3x"}},
		"growth of words":          {func(f *Flags) { f.Growth = "much" }, []string{"--growth=much"}},
		"growth that is no number": {func(f *Flags) { f.Growth = "NaN" }, []string{"--growth=NaN"}},
		"a node size of words":     {func(f *Flags) { f.NodePrefixLength = "big" }, []string{"--node-prefix-length=big", "Auto"}},
		"a node size of IPv6":      {func(f *Flags) { f.NodePrefixLength = "64" }, []string{"--node-prefix-length=64"}},
		"pinned in two subnets":    {func(f *Flags) { f.Pin, f.Place.Subnets = true, []string{"a", "b"} }, []string{"--pin", "one subnet"}},
		"no subnet":                {func(f *Flags) { f.Place.Subnets = nil }, []string{"--subnets"}},
		"pinned on EC2":            {onEC2(func(f *Flags) { f.Pin = true }), []string{"--pin", "creates the subnets"}},
		"proxies on EC2":           {onEC2(func(f *Flags) { f.Proxy = 23 }), []string{"--proxy", "no proxy-only subnet"}},
		"no zone":                  {onEC2(func(f *Flags) { f.EC2.Zones = nil }), []string{"--zones", "0 zones"}},
		"a zone twice":             {onEC2(func(f *Flags) { f.EC2.Zones = []string{"a", "eu-west-1a"} }), []string{"eu-west-1a is given twice"}},
		"slots of an address":      {onEC2(func(f *Flags) { f.EC2.Slots = -1 }), []string{"--prefix-slots=-1"}},
		"more blocks than any VPC": {onEC2(func(f *Flags) { f.EC2.Blocks = 51 }), []string{"--vpc-blocks=51", "50"}},
		"more routes than any":     {onEC2(func(f *Flags) { f.EC2.RoutesPerTable = 1001 }), []string{"--routes-per-table=1001", "1000"}},
		"another attachment":       {onEC2(func(f *Flags) { f.EC2.Attachment = "Alias" }), []string{"--attachment=Alias", "Prefixes or Routes"}},
		"a VPC by its name":        {onEC2(func(f *Flags) { f.EC2.VPC = "prod" }), []string{"--aws-vpc-id=prod", "vpc-0"}},
		"a subnet by its name":     {onEC2(func(f *Flags) { f.EC2.Subnets = []string{"nodes"} }), []string{"nodes is not a subnet ID"}},
		"everything at once":       {func(f *Flags) { f.Nodes, f.Growth, f.Supernets = 0, "x", nil }, []string{"--nodes", "--growth", "--supernet"}},
	} {
		_, err := Parse(usual(c.change))
		if err == nil {
			t.Errorf("%s: it is accepted", name)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q does not say %q", name, err, w)
			}
		}
	}
}
