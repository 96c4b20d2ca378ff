package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/pflag"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cmd/clouds"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/calc"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
)

// noFit is a plan for which there is no room.
type noFit = *calc.NoFit

// calculator is plan without a cluster.
type calculator struct {
	flags calc.Flags
	ec2   calc.EC2Flags
}

// calculatorFlags are those that ask for it, and below those of them that are
// about one cloud.
var calculatorFlags = slices.Concat([]string{
	"nodes", "max-pods", "node-prefix-length", "services", "growth", "supernet", "reserve", "subnets",
}, flagsOfGCE, flagsOfEC2)

var (
	flagsOfGCE = []string{"proxy", "pin", "gcp-project", "gcp-network", "gcp-region"}
	// flagsOfAny go with every plan.
	flagsOfAny = []string{"cloud", "aws-region", "output", "ascii"}
	flagsOfEC2 = []string{"zones", "prefix-slots", "attachment", "routes-per-table", "vpc-blocks", "aws-vpc-id"}
)

func (c *calculator) register(f *pflag.FlagSet) {
	v := &c.flags
	f.IntVar(&v.Nodes, "nodes", 0, "nodes that the cluster starts with")
	f.IntVar(&v.MaxPods, "max-pods", 110, "pods on each node")
	f.StringVar(&v.NodePrefixLength, "node-prefix-length", "Auto", "prefix length of the node CIDR: a number such as 24, or Auto for twice the node's max pods")
	f.IntVar(&v.Services, "services", 4096, "addresses for Services; 0 plans no range for them")
	f.IntVar(&v.Proxy, "proxy", 0, "also plan a proxy-only subnet for load balancers, of this prefix length; 23 if the flag has no value")
	f.Lookup("proxy").NoOptDefVal = "23"
	f.StringVar(&v.Growth, "growth", "1x", "growth factor: how many times as large the cluster may become")
	f.StringSliceVar(&v.Supernets, "supernet", nil, "space to carve ranges from; repeatable")
	f.StringArrayVar(&v.Reserved, "reserve", nil, "space to keep free, as CIDR or CIDR=reason; repeatable")
	f.BoolVar(&v.Pin, "pin", false, "write objects with the exact blocks of the plan instead of sizes")
	f.StringVar(&v.Place.Project, "gcp-project", "my-project", "project, for the Network object")
	f.StringVar(&v.Place.Network, "gcp-network", "my-vpc", "VPC network, for the Network object")
	f.StringVar(&v.Place.Region, "gcp-region", "us-central1", "region, for the Network object")
	f.StringSliceVar(&v.Place.Subnets, "subnets", []string{"nodes"}, "node subnets; each gets a pods range for --nodes. On EC2, the IDs of the planned subnets, in the order of the plan")
	e := &c.ec2
	f.StringSliceVar(&e.Zones, "zones", []string{"a", "b", "c"}, "on EC2, zones to spread the nodes over: names, or their last letters")
	f.IntVar(&e.Slots, "prefix-slots", 0, "on EC2, how many /28 prefixes an interface of the nodes' instance type supports: its addresses per interface, minus one; 0 if unknown")
	f.StringVar(&e.Attachment, "attachment", string(v1alpha1.AttachPrefixes), "on EC2, how a node CIDR is attached to its machine: Prefixes or Routes")
	f.IntVar(&e.RoutesPerTable, "routes-per-table", 500, "on EC2 with --attachment=Routes, the account's quota of routes per route table")
	f.IntVar(&e.Blocks, "vpc-blocks", 5, "on EC2, the account's quota of IPv4 blocks per VPC")
	f.StringVar(&e.VPC, "aws-vpc-id", "", "on EC2, the VPC's ID, for the Network object")
}

// asked names a flag that asks for the calculator, if there is one.
func (c *calculator) asked(f *pflag.FlagSet) string {
	for _, name := range calculatorFlags {
		if f.Changed(name) {
			return name
		}
	}
	return ""
}

// on has it plan for the cloud that flags name; none is Compute Engine.
func (c *calculator) on(f *pflag.FlagSet, o clouds.Options) error {
	cloud, others := "--cloud="+clouds.AWS, flagsOfEC2
	if o.Implied() == clouds.AWS {
		cloud, others = "Compute Engine", flagsOfGCE
		c.flags.EC2 = &c.ec2
		if c.ec2.Region = o.AWS.Region; c.ec2.Region == "" {
			c.ec2.Region = "us-east-1"
		}
		if f.Changed("subnets") {
			c.ec2.Subnets = c.flags.Place.Subnets
		}
	}
	for _, name := range others {
		if f.Changed(name) {
			return fmt.Errorf("--%s is for %s", name, cloud)
		}
	}
	var bad error
	f.Visit(func(g *pflag.Flag) {
		if bad == nil && !slices.Contains(calculatorFlags, g.Name) && !slices.Contains(flagsOfAny, g.Name) {
			bad = fmt.Errorf("--%s has no effect on the plan of a new cluster, which uses neither a cluster nor a cloud: remove it, or plan existing objects with -f", g.Name)
		}
	})
	return bad
}

func (c *calculator) run(w io.Writer, o *output) error {
	ask, err := calc.Parse(c.flags)
	if err != nil {
		return err
	}
	result, err := calc.Plan(ask, clouds.Blank(calc.NetworkOf(ask)))
	if err != nil {
		return err
	}
	objects, err := result.Objects.YAML()
	if err != nil {
		return err
	}
	if o.format == "yaml" {
		_, err := w.Write(objects)
		return err
	}
	list, err := result.Objects.List()
	if err != nil {
		return err
	}
	both := struct {
		calc.Result
		Objects []map[string]any `json:"objects"`
	}{result, list}
	return o.write(w, both, func(p *show.Printer) {
		result.Print(p)
		fmt.Fprintf(p, "\n%s\n%s", p.Bold("# Objects to apply; -o yaml prints only these."), objects)
	})
}
