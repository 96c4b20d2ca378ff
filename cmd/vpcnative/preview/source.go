package preview

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/network/survey"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Kind is where the knowledge of a VPC comes from.
type Kind string

const (
	// FromCloud is the VPC itself.
	FromCloud Kind = "Cloud"
	// FromStatus is the Network's status, which the manager keeps.
	FromStatus Kind = "Status"
	// FromNothing is nothing: the VPC is taken to be empty.
	FromNothing Kind = "Nothing"
)

// Source says what a preview is worth.
type Source struct {
	// Kind is empty where there is no Network.
	Kind Kind `json:"kind,omitempty"`
	// AsOf is when the VPC was read, also where that is what a status tells.
	AsOf *metav1.Time `json:"asOf,omitempty"`
	// Warnings say what is not known.
	Warnings []string `json:"warnings,omitempty"`
	// Notes say how to read the numbers.
	Notes []string `json:"notes,omitempty"`
}

// String is one line for people.
func (s Source) String() string {
	switch s.Kind {
	case FromCloud:
		return "the VPC itself, read at " + s.AsOf.UTC().Format(time.RFC3339)
	case FromStatus:
		return "the Network's status, last read by the manager at " + s.AsOf.UTC().Format(time.RFC3339)
	}
	return "no reading: the VPC is assumed to be empty"
}

// ask is how to know better.
const ask = "use --cloud to read the VPC itself, with your own credentials"

// Cloud is the VPC as it was read just now.
func Cloud(s cloud.Snapshot, at metav1.Time) VPC {
	out := VPC{Snapshot: s, Source: Source{Kind: FromCloud, AsOf: &at}}
	for _, u := range s.Unseen {
		out.Source.Warnings = append(out.Source.Warnings, survey.CannotSee(u))
	}
	if len(s.Around) > 0 {
		out.Source.Notes = append(out.Source.Notes, survey.LeadAround(s.Around))
	}
	return out
}

// Status is the VPC as the Network's status tells it, on top of what is true
// of every VPC of its cloud.
func Status(n *v1alpha1.Network, blank cloud.Snapshot) VPC {
	wrote := statusTime(n)
	if wrote == nil || len(n.Status.Free) == 0 {
		return VPC{Snapshot: blank, Source: Source{Kind: FromNothing, Warnings: []string{
			"the manager has not read this Network's VPC yet, so its content is unknown; " + ask}}}
	}
	out := VPC{Snapshot: blank, Source: Source{Kind: FromStatus, AsOf: wrote, Warnings: doubts(n)}}
	for _, o := range n.Status.Occupied {
		p, err := netip.ParsePrefix(o.CIDR)
		if err != nil || o.Kind == "Reserved" || slices.ContainsFunc(blank.Occupied, func(b cloud.Occupied) bool { return b.Prefix == p && string(b.Kind) == o.Kind }) {
			continue // the spec, or the cloud's own rules, say it themselves
		}
		occupy(&out.Snapshot, cloud.Occupied{Prefix: p, Kind: cloud.Kind(o.Kind), Name: o.Name}, region(n))
	}
	for _, s := range n.Status.Subnets {
		if s.Made != "" {
			out.Snapshot.Subnets = append(out.Snapshot.Subnets, cloud.Subnet{Name: s.Name, Made: s.Made})
		}
		fill(&out.Snapshot, s)
	}
	out.Snapshot.Blocks = v1alpha1.ParseCIDRs(n.Status.Blocks)
	if r := n.Status.Routes; r != nil {
		out.Snapshot.Routes = &cloud.RouteRoom{Table: r.Table, Limit: int(r.Limit), Used: int(r.Used)}
	}
	out.Snapshot.Proxy = proxyIn(out.Snapshot, region(n))
	return out
}

// doubts are the reasons for which the status may not tell what the VPC has.
func doubts(n *v1alpha1.Network) (out []string) {
	warn := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if listed := len(n.Status.Occupied); int(n.Status.OccupiedCount) > listed {
		warn("the status lists only the lowest %d of the %d blocks in use; the others count as free here; %s", listed, n.Status.OccupiedCount, ask)
	}
	if c := meta.FindStatusCondition(n.Status.Conditions, v1alpha1.ConditionReady); c != nil && c.Status != metav1.ConditionTrue {
		warn("the manager could not read the VPC recently (%s: %s), so this may be stale; %s", c.Reason, c.Message, ask)
	}
	if c := meta.FindStatusCondition(n.Status.Conditions, v1alpha1.ConditionRoutesUnseen); c != nil && c.Status == metav1.ConditionTrue {
		warn("%s", c.Message)
	}
	if n.Status.ObservedGeneration != n.Generation {
		warn("the Network's spec has changed since the manager read the VPC; the content of new supernets is unknown; %s", ask)
	}
	return out
}

// occupy enters a block, and into its subnet where it is that subnet's own or a
// range of it.
func occupy(s *cloud.Snapshot, o cloud.Occupied, region string) {
	name := o.Name[strings.LastIndex(o.Name, "/")+1:]
	if o.Kind.IsRange() || o.Kind == cloud.ProxyOnly {
		o.Mark = cloud.ParseMark(name)
	}
	s.Occupied = append(s.Occupied, o)
	for i := range s.Subnets {
		sub := &s.Subnets[i]
		where := region + "/" + sub.Name
		switch {
		case o.Kind == cloud.SubnetPrimary && o.Name == where:
			sub.Primary = o.Prefix
		case o.Kind == cloud.SecondaryRange && o.Name == where+"/"+name,
			o.Kind == cloud.SubnetReservation && o.Name == sub.Name+"/"+name:
			sub.Ranges = append(sub.Ranges, cloud.Range{Subnet: sub.Name, Name: name, Prefix: o.Prefix})
		}
	}
}

// fill says of a subnet what the status tells of its own block: what is not
// listed as free there counts as in use.
func fill(s *cloud.Snapshot, space v1alpha1.SubnetSpace) {
	at := slices.IndexFunc(s.Subnets, func(x cloud.Subnet) bool { return x.Name == space.Name })
	block, err := netip.ParsePrefix(space.CIDR)
	if at < 0 || err != nil {
		return
	}
	free := v1alpha1.ParseCIDRs(space.FreeBlocks)
	sub := &s.Subnets[at]
	for _, r := range sub.Ranges {
		free = append(free, r.Prefix)
	}
	sub.Zone, sub.Primary = space.Zone, block
	sub.Used = prefix.Subtract([]netip.Prefix{block}, prefix.Normalise(free))
}

// statusTime is when the manager last read the VPC for the status.
func statusTime(n *v1alpha1.Network) *metav1.Time {
	if n.Status.LastRead != nil {
		return n.Status.LastRead
	}
	var last *metav1.Time // a manager of an older version writes none
	for _, f := range n.ManagedFields {
		if f.Subresource == "status" && f.Time != nil && (last == nil || last.Before(f.Time)) {
			last = f.Time
		}
	}
	if last != nil {
		return last
	}
	if c := meta.FindStatusCondition(n.Status.Conditions, v1alpha1.ConditionReady); c != nil {
		return &c.LastTransitionTime
	}
	return nil
}
