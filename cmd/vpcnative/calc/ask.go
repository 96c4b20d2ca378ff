// Package calc plans the addresses of a cluster that is not there yet: how
// large its ranges are, where they lie, whether there is room to grow, and the
// objects that ask for them. It knows no cluster and no cloud, and is pure.
package calc

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/hashicorp/go-multierror"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Flags are an Ask as a person writes it.
type Flags struct {
	Nodes, MaxPods int
	// NodePrefixLength is a number, or Auto.
	NodePrefixLength string
	// Services counts ClusterIPs; 0 asks for no services range.
	Services int
	// Proxy is the prefix length of the proxies' range; 0 asks for none.
	Proxy int
	// Growth is "3x".
	Growth    string
	Supernets []string
	// Reserved are "10.10.0.0/16=the office VPN".
	Reserved []string
	// Pin has the objects name the very blocks.
	Pin   bool
	Place Place
	// EC2 asks for a plan on EC2, in place of Place.
	EC2 *EC2Flags
}

// Place is where the cluster will be; its words go into the objects.
type Place struct {
	Project, Network, Region string
	Subnets                  []string
}

// Ask is what a person wants, checked.
type Ask struct {
	Nodes, MaxPods   int
	NodePrefixLength int // 0 is Auto
	Services, Proxy  int
	Growth           float64
	Supernets        []netip.Prefix
	Reserved         []Reserved
	Pin              bool
	Place            Place
	EC2              *EC2
}

// Reserved is space that is not touched.
type Reserved struct {
	Prefix netip.Prefix
	Reason string
}

// The limits of the objects' schema, and of Compute Engine for a range.
const (
	maxNodes        = 1_000_000
	maxPods         = 65_536
	maxServices     = 1 << 24 // a /8, the shortest prefix of a request
	smallestRange   = 29      // cloud.google.com/vpc/docs/subnets
	smallestProxy   = 26      // cloud.google.com/load-balancing/docs/proxy-only-subnets
	maxReasonLength = 256
)

// Parse checks everything, and names all that is wrong at once.
func Parse(f Flags) (Ask, error) {
	a := Ask{Nodes: f.Nodes, MaxPods: f.MaxPods, Services: f.Services, Proxy: f.Proxy, Pin: f.Pin, Place: f.Place}
	var bad *multierror.Error
	refuse := func(format string, args ...any) { bad = multierror.Append(bad, fmt.Errorf(format, args...)) }
	within := func(flag string, v, low, high int) {
		if v < low || v > high {
			refuse("--%s=%d: must be from %d to %d", flag, v, low, high)
		}
	}
	within("nodes", f.Nodes, 1, maxNodes)
	within("max-pods", f.MaxPods, 1, maxPods)
	within("services", f.Services, 0, maxServices)
	if f.Proxy != 0 {
		within("proxy", f.Proxy, 8, smallestProxy)
	}
	switch {
	case f.EC2 != nil:
		a.EC2, a.Place = f.EC2.parse(refuse, within), Place{}
		if f.Proxy != 0 {
			refuse("--proxy is for Compute Engine: load balancers on EC2 need no proxy-only subnet")
		}
		if f.Pin {
			refuse("--pin is for Compute Engine: on EC2 the plan creates the subnets that contain the ranges")
		}
	case len(f.Place.Subnets) == 0:
		refuse("--subnets is empty: name at least one node subnet")
	}
	if f.Pin && len(a.Place.Subnets) > 1 {
		refuse("--pin supports one subnet, and --subnets has %d", len(f.Place.Subnets))
	}
	var errs [4]error
	a.NodePrefixLength, errs[0] = nodePrefixLength(f.NodePrefixLength)
	a.Growth, errs[1] = growth(f.Growth)
	a.Supernets, errs[2] = supernets(f.Supernets)
	a.Reserved, errs[3] = reserved(f.Reserved)
	for _, err := range errs {
		if err != nil {
			bad = multierror.Append(bad, err)
		}
	}
	return a, bad.ErrorOrNil()
}

// nodePrefixLength is 0 for Auto.
func nodePrefixLength(text string) (int, error) {
	if text == "" || text == "Auto" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 8 || n > 32 {
		return 0, fmt.Errorf("--node-prefix-length=%s: must be Auto or from 8 to 32", text)
	}
	return n, nil
}

func growth(text string) (float64, error) {
	if text == "" {
		return 1, nil
	}
	g, err := strconv.ParseFloat(strings.TrimSuffix(text, "x"), 64)
	if err != nil || math.IsNaN(g) || g < 1 || g > 1000 {
		return 0, fmt.Errorf("--growth=%s: must be a factor from 1x to 1000x, such as 3x", text)
	}
	return g, nil
}

func supernets(texts []string) ([]netip.Prefix, error) {
	var bad *multierror.Error
	if len(texts) == 0 {
		return nil, fmt.Errorf("--supernet is missing: name the space to carve ranges from, such as --supernet 10.0.0.0/8")
	}
	var out []netip.Prefix
	for _, text := range texts {
		p, err := prefix.Parse(text, prefix.IPv4)
		if err != nil {
			bad = multierror.Append(bad, fmt.Errorf("--supernet: %w", err))
			continue
		}
		for _, q := range prefix.Overlapping(out, p) {
			larger, smaller := q, p
			if larger.Bits() > smaller.Bits() {
				larger, smaller = smaller, larger
			}
			bad = multierror.Append(bad, fmt.Errorf("--supernet: %s and %s overlap; remove %s, it is part of %s", q, p, smaller, larger))
		}
		out = append(out, p)
	}
	return out, bad.ErrorOrNil()
}

func reserved(texts []string) ([]Reserved, error) {
	var bad *multierror.Error
	var out []Reserved
	for _, text := range texts {
		cidr, reason, said := strings.Cut(text, "=")
		p, err := prefix.Parse(cidr, prefix.IPv4)
		switch {
		case err != nil:
			bad = multierror.Append(bad, fmt.Errorf("--reserve: %w", err))
			continue
		case said && strings.TrimSpace(reason) == "", len(reason) > maxReasonLength:
			bad = multierror.Append(bad, fmt.Errorf("--reserve %s: a reason has 1 to %d characters; omit the = for no reason", text, maxReasonLength))
			continue
		case !said:
			reason = "reserved"
		}
		for _, r := range out {
			if r.Prefix == p {
				bad = multierror.Append(bad, fmt.Errorf("--reserve: %s is given twice", p))
			}
		}
		out = append(out, Reserved{p, reason})
	}
	return out, bad.ErrorOrNil()
}
