package ranges

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/plan"
)

// A cloud refuses blocks that read as free: another cluster takes one at this
// moment, or what has it is in no list, such as the network behind a peered one.
// The first shows soon; the second never does, so refusals are remembered, in
// the status, with their time: other blocks are tried, less and less often, and
// the same one again only when that may help.

const (
	// refusedFor is how long others are taken while there are any.
	refusedFor = time.Hour
	// refusedMost is the longest pause between two tries.
	refusedMost = 10 * time.Minute
	// mostRefused bounds what is remembered.
	mostRefused = 64
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
				out = append(out, refusedBlock{RefusedBlock: x, prefix: p, again: x.Time.Add(pauseAfter(int(x.Count))), own: own})
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

// pauseAfter doubles with every refusal.
func pauseAfter(refusals int) time.Duration {
	return min(retrySoon<<min(max(refusals-1, 0), 12), refusedMost)
}

// stillRefused keeps a block that the request names from being asked for again
// too soon, in the cloud's words.
func (in Input) stillRefused(ask plan.Request) *Refusal {
	for _, x := range in.refused() {
		had := slices.Contains(v1alpha1.Prefixes(in.Request.Status.Granted()), x.prefix)
		if x.own && !had && slices.Contains(ask.CIDRs, x.CIDR) && in.Now.Before(x.again) {
			return &Refusal{Reason: string(cloud.Conflict), Text: x.Message, Again: x.again.Sub(in.Now)}
		}
	}
	return nil
}

// bar notes in the status that the cloud refused a block, and adds to the
// refusal when it is tried again, and what else can be done.
func (c *Controller) bar(r *v1alpha1.RangeRequest, p netip.Prefix, chosen bool, no *Refusal) {
	x := v1alpha1.RefusedBlock{CIDR: p.String()}
	if at := slices.IndexFunc(r.Status.Refused, func(had v1alpha1.RefusedBlock) bool { return had.CIDR == x.CIDR }); at >= 0 {
		x = r.Status.Refused[at]
		r.Status.Refused = slices.Delete(r.Status.Refused, at, at+1)
	}
	x.Time, x.Count = metav1.NewTime(c.Now()).Rfc3339Copy(), x.Count+1
	if chosen {
		no.Text = fmt.Sprintf("%s; where nothing that is read has the block, it may be a network behind a peered one: other blocks are tried, and the range of what has it belongs into the Network's reserved", no.Text)
	}
	x.Message = strings.ToValidUTF8(no.Text[:min(len(no.Text), 1024)], "")
	r.Status.Refused = append(r.Status.Refused, x)
	r.Status.Refused = r.Status.Refused[max(0, len(r.Status.Refused)-mostRefused):]
	no.Again = pauseAfter(int(x.Count))
	if chosen {
		no.Again = pauseAfter(len(r.Status.Refused)/carveTries + 1)
	}
}

// unbar forgets refusals that are old, and those that are explained: what has
// the block shows now.
func unbar(r *v1alpha1.RangeRequest, in Input) {
	r.Status.Refused = slices.DeleteFunc(r.Status.Refused, func(x v1alpha1.RefusedBlock) bool {
		p, err := netip.ParsePrefix(x.CIDR)
		return err != nil || in.Now.Sub(x.Time.Time) >= refusedFor ||
			slices.ContainsFunc(in.Snapshot.Occupied, func(o cloud.Occupied) bool {
				around := slices.ContainsFunc(in.Snapshot.Subnets, o.Encloses)
				return o.Prefix.Overlaps(p) && !(in.inside() && around)
			})
	})
}
