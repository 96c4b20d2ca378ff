package carve

import (
	"net/netip"
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/ipam/plan"
)

// A cloud refuses blocks that read as free: another cluster takes one at this
// moment, or what has it is in no list, such as the network behind a peered one.
// The first shows soon; the second never does, so refusals are remembered, in
// the status, with their time: other blocks are tried, less and less often, and
// the same one again only when that may help.

const (
	// RetrySoon is when a request is tried again that failed for a passing
	// reason.
	RetrySoon = 5 * time.Second
	// RetryLater is when a request is tried again that a person has to mend,
	// or the VPC has to change for.
	RetryLater = time.Minute
	// refusedFor is how long others are taken while there are any.
	refusedFor = time.Hour
	// refusedMost is the longest pause between two tries.
	refusedMost = 10 * time.Minute
)

// refusedBlock is one that the cloud refused.
type refusedBlock struct {
	v1alpha1.RefusedBlock
	prefix netip.Prefix
	again  time.Time // it is not asked for before that
	own    bool
}

// refused is what the cloud refused this request and others of the VPC lately.
func (in Input) refused() (out []refusedBlock) {
	add := func(r *v1alpha1.RangeRequest, own bool) {
		for _, x := range r.Status.Refused {
			p, err := netip.ParsePrefix(x.CIDR)
			if err == nil && in.Now.Sub(x.Time.Time) < refusedFor {
				out = append(out, refusedBlock{RefusedBlock: x, prefix: p, again: x.Time.Add(PauseAfter(int(x.Count))), own: own})
			}
		}
	}
	add(in.Request, true)
	for i := range in.Others {
		o := &in.Others[i]
		ofVPC := o.NetworkName() == in.Network.Name || slices.ContainsFunc(in.Beside, func(n v1alpha1.Network) bool { return n.Name == o.NetworkName() })
		if ofVPC && o.Name != in.Request.Name {
			add(o, false)
		}
	}
	return out
}

// PauseAfter doubles with every refusal.
func PauseAfter(refusals int) time.Duration {
	return min(RetrySoon<<min(max(refusals-1, 0), 12), refusedMost)
}

// stillRefused keeps a block that the request names from being asked for again
// too soon, in the cloud's words.
func (in Input) stillRefused(ask plan.Request) *conditions.Refusal {
	for _, x := range in.refused() {
		had := slices.Contains(v1alpha1.Prefixes(in.Request.Status.Granted()), x.prefix)
		if x.own && !had && slices.Contains(ask.CIDRs, x.CIDR) && in.Now.Before(x.again) {
			return &conditions.Refusal{Reason: string(cloud.Conflict), Text: x.Message, Again: x.again.Sub(in.Now)}
		}
	}
	return nil
}

// Unexplained are the request's refused blocks without those that are old, and
// those that are explained: what has the block shows now.
func Unexplained(in Input) []v1alpha1.RefusedBlock {
	return slices.DeleteFunc(slices.Clone(in.Request.Status.Refused), func(x v1alpha1.RefusedBlock) bool {
		p, err := netip.ParsePrefix(x.CIDR)
		return err != nil || in.Now.Sub(x.Time.Time) >= refusedFor ||
			slices.ContainsFunc(in.Snapshot.Occupied, func(o cloud.Occupied) bool {
				around := slices.ContainsFunc(in.Snapshot.Subnets, o.Encloses)
				return o.Prefix.Overlaps(p) && !(in.inside() && around)
			})
	})
}
