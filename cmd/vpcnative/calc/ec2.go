package calc

import (
	"fmt"
	"math/bits"
	"regexp"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// EC2Flags are what a plan for EC2 says besides, as a person writes it.
type EC2Flags struct {
	// Region is where the VPC is; Zones are names, or the last letter alone.
	Region string
	Zones  []string
	// VPC and Subnets are IDs, where they are known.
	VPC     string
	Subnets []string
	// Slots is how many /28 prefixes the nodes' interfaces take; 0 is unknown.
	Slots int
	// Blocks is how many IPv4 blocks the VPC may have.
	Blocks int
	// Attachment is Prefixes or Routes.
	Attachment string
	// RoutesPerTable is the account's quota of routes in a route table.
	RoutesPerTable int
}

// EC2 is what a person wants on EC2, checked.
type EC2 struct {
	Region         string
	Zones          []string
	VPC            string
	Subnets        []string
	Slots, Blocks  int
	Routes         bool
	RoutesPerTable int
}

// What EC2 takes. Sources: VPC user guide, "VPC CIDR blocks", "Amazon VPC
// quotas" and "Subnet sizing".
const (
	smallestPrefix = 28 // what an interface takes, and the smallest block there is
	largestBlock   = 16 // of a VPC and of a subnet
	maxBlocks      = 50 // of a VPC, where the quota of 5 is raised
	maxSubnets     = 32 // of a Network, by its schema
	maxSlots       = 127
	maxRoutes      = 1000
)

var (
	zoneLetter = regexp.MustCompile(`^[a-z]$`)
	vpcID      = regexp.MustCompile(`^vpc-[0-9a-f]{8,17}$`)
	subnetID   = regexp.MustCompile(`^subnet-[0-9a-f]{8,17}$`)
)

// parse checks what is about EC2 alone.
func (f EC2Flags) parse(refuse func(string, ...any), within func(string, int, int, int)) *EC2 {
	out := &EC2{Region: f.Region, VPC: f.VPC, Subnets: f.Subnets, Slots: f.Slots, Blocks: f.Blocks, RoutesPerTable: f.RoutesPerTable}
	within("prefix-slots", f.Slots, 0, maxSlots)
	within("vpc-blocks", f.Blocks, 1, maxBlocks)
	within("routes-per-table", f.RoutesPerTable, 1, maxRoutes)
	if len(f.Zones) == 0 || len(f.Zones) > maxSubnets {
		refuse("--zones has %d zones: must be from 1 to %d", len(f.Zones), maxSubnets)
	}
	for _, z := range f.Zones {
		if zoneLetter.MatchString(z) {
			z = f.Region + z
		}
		if slices.Contains(out.Zones, z) {
			refuse("--zones: %s is given twice", z)
		}
		out.Zones = append(out.Zones, z)
	}
	switch f.Attachment {
	case "", string(v1alpha1.AttachPrefixes):
	case string(v1alpha1.AttachRoutes):
		out.Routes = true
	default:
		refuse("--attachment=%s: must be %s or %s", f.Attachment, v1alpha1.AttachPrefixes, v1alpha1.AttachRoutes)
	}
	if f.VPC != "" && !vpcID.MatchString(f.VPC) {
		refuse("--aws-vpc-id=%s: must be an ID such as vpc-0123456789abcdef0", f.VPC)
	}
	for _, s := range f.Subnets {
		if !subnetID.MatchString(s) {
			refuse("--subnets: %s is not a subnet ID such as subnet-0123456789abcdef0", s)
		}
	}
	return out
}

// node is the size that each node draws, and why.
func (a Ask) node() (length int, no *NoFit) {
	length = smallestPrefix
	if a.NodePrefixLength != 0 {
		length = a.NodePrefixLength
	} else if !a.EC2.Routes {
		length = min(length, 32-bits.Len(uint(a.MaxPods-1)))
	} else {
		length = 32 - bits.Len(uint(a.MaxPods-1))
	}
	refuse := func(format string, args ...any) (int, *NoFit) {
		return 0, &NoFit{What: "pods", Text: fmt.Sprintf(format, args...)}
	}
	switch most := 1 << (32 - length); {
	case most < a.MaxPods:
		return refuse("a node CIDR of /%d has %d addresses, and --max-pods=%d needs more", length, most, a.MaxPods)
	case !a.EC2.Routes && length > smallestPrefix:
		return refuse("a node CIDR of /%d is smaller than EC2 delegates; the smallest is --node-prefix-length=%d", length, smallestPrefix)
	case length <= largestBlock:
		return refuse("a node CIDR of /%d does not fit in a subnet with machines, which is a /%d at most", length, largestBlock)
	}
	if slots := 1 << max(0, smallestPrefix-length); !a.EC2.Routes && a.EC2.Slots > 0 && slots > a.EC2.Slots {
		run := 1 << (bits.Len(uint(a.EC2.Slots)) - 1)
		return refuse("a node CIDR of /%d is a run of %d /28 prefixes, and an interface with %d slots supports a run of %d, which is a /%d for %d pods; "+
			"use an instance type with more slots, fewer pods, or --attachment=Routes", length, slots, a.EC2.Slots, run, smallestPrefix+1-bits.Len(uint(run)), run*16)
	}
	return length, nil
}
