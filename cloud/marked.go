package cloud

import (
	"context"
	"path"
)

// Marked is something in a VPC's address space that carries an ownership mark: a
// range of a subnet, or what Proxy or Zone say.
type Marked struct {
	Range
	Mark Mark
	// Proxy is set of a proxy-only subnet, active or not; Region is where that is.
	Proxy  bool
	Region string
	// Zone is set of a subnet that NewSpace made: the range is its own block under
	// its name.
	Zone string
}

// Marked lists what carries a mark of anybody, users first: nothing can be
// removed before what lies in it.
func (s Snapshot) Marked() (out []Marked) {
	add := func(m Marked) {
		if m.Mark = ParseMark(m.Name); !m.Mark.IsZero() {
			out = append(out, m)
		}
	}
	for _, subnet := range s.Subnets {
		for _, r := range subnet.Ranges {
			add(Marked{Range: r})
		}
	}
	for _, o := range s.Occupied {
		if o.Kind == ProxyOnly {
			region, name := path.Split(o.Name)
			add(Marked{Range: Range{Subnet: name, Name: name, Prefix: o.Prefix}, Proxy: true, Region: path.Clean(region)})
		}
	}
	for _, subnet := range s.Subnets {
		add(Marked{Range: Range{Subnet: subnet.Name, Name: subnet.Made, Prefix: subnet.Primary}, Zone: subnet.Zone})
	}
	return out
}

// Remove removes it. Its errors are those of the port's.
func (v VPC) Remove(ctx context.Context, m Marked) error {
	switch {
	case m.Zone != "":
		return v.NewSpace.RemoveSubnet(ctx, NewSubnet{Name: m.Name, Zone: m.Zone, Prefix: m.Prefix})
	case m.Proxy:
		return v.Proxies.Delete(ctx, ProxySubnet{Name: m.Name, Prefix: m.Prefix})
	}
	return v.Ranges.Delete(ctx, m.Range)
}
