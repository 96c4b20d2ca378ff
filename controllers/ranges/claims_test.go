package ranges

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

const claimedBlock = "10.0.7.0/24"

// cutShort is a request whose manager ended right after it claimed a block.
func cutShort(t *testing.T) *world {
	r := request("pods", 24)
	r.Finalizers = []string{v1alpha1.Finalizer}
	r.Status.Ranges = []v1alpha1.GrantedRange{{CIDR: claimedBlock, Subnet: "a", Name: own(0), State: v1alpha1.RangeClaimed}}
	return newWorld(t, r)
}

// TestAClaimIsTakenUp: by whoever reconciles the request next, at whatever point
// the manager before it ended.
func TestAClaimIsTakenUp(t *testing.T) {
	t.Parallel()
	taken := cloud.Range{Subnet: "a", Name: "theirs", Prefix: netip.MustParsePrefix("10.0.7.128/25")}
	for name, x := range map[string]struct {
		change func(*world)
		reason string
		inVPC  int
		calls  int
		cidrs  []string
	}{
		"it was not made": {reason: "Ready", inVPC: 1, calls: 1, cidrs: []string{claimedBlock}},
		"it was made": {reason: "Ready", inVPC: 1, cidrs: []string{claimedBlock},
			change: func(w *world) { w.ranges = there(claimedBlock, "a") }},
		"somebody else has its place": {reason: "Ready", inVPC: 2, calls: 1, cidrs: []string{"10.0.6.0/24"},
			change: func(w *world) { w.ranges = []cloud.Range{taken} }},
		"its subnet is gone": {reason: "Ready", inVPC: 1, calls: 1, cidrs: []string{"10.0.0.0/24"},
			change: func(w *world) { w.subnets = []string{"b"} }},
		"the first try may be under way while the second is refused": {reason: "QuotaExceeded", calls: 1, cidrs: []string{claimedBlock + " claimed"},
			change: func(w *world) { w.fail = []error{failed(cloud.QuotaExceeded)} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := cutShort(t)
			if x.change != nil {
				x.change(w)
			}
			w.reconcile("pods")
			w.want("pods", x.reason, x.inVPC, x.cidrs...)
			if w.calls != x.calls {
				t.Errorf("%d calls, want %d", w.calls, x.calls)
			}
			if g := w.get("pods").Status.Ranges[0]; g.Subnet == "a" && g.CIDR == claimedBlock && g.Name != own(0) {
				t.Errorf("it has the name %s", g.Name)
			}
		})
	}
}

// TestAClaimThatCannotComeAnyMoreIsDropped: the block is free again for others,
// and for the request itself once what it asks for was corrected.
func TestAClaimThatCannotComeAnyMoreIsDropped(t *testing.T) {
	t.Parallel()
	w := cutShort(t)
	w.fail = slices.Repeat([]error{failed(cloud.QuotaExceeded)}, 9)
	w.reconcile("pods")
	w.now = w.now.Add(2 * time.Minute)
	w.reconcile("pods")
	w.want("pods", "QuotaExceeded", 0)
	w.fail = nil
	w.reconcile("pods")
	w.want("pods", "Ready", 1, "10.0.0.0/24")
}

// TestWhatIsRefusedIsClaimedNoLonger, so that it can be corrected, and the block
// is free for others.
func TestWhatIsRefusedIsClaimedNoLonger(t *testing.T) {
	t.Parallel()
	w := newWorld(t, request("pods", 24))
	w.subnets = []string{"a", "b"}
	w.fail = []error{failed(cloud.QuotaExceeded)}
	w.reconcile("pods")
	w.want("pods", "QuotaExceeded", 0)
}

// TestAClaimIsOccupiedAndFeedsNobody.
func TestAClaimIsOccupiedAndFeedsNobody(t *testing.T) {
	t.Parallel()
	w := cutShort(t)
	mine := w.get("pods")
	if u := carve.UseOf(mine); !u.Capacity.IsZero() || len(u.By) > 0 {
		t.Errorf("it counts as capacity: %+v", u)
	}
	if room, largest := carve.Forecast(mine, carve.Use{Sizes: map[int]int{26: 1}}); room != nil || largest != nil {
		t.Errorf("it has room for %v in %v", room, largest)
	}
	other := request("other", 24)
	other.UID, other.Spec.CIDRs, other.Spec.PrefixLength = "uid-other", []v1alpha1.CIDR{claimedBlock}, nil
	w.create(other)
	w.reconcile("other")
	w.want("other", "Overlap", 0)
}

// TestADeletedRequestLetsItsClaimsGo: once they can come no more, or with what
// came of them.
func TestADeletedRequestLetsItsClaimsGo(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		made bool
		wait time.Duration
	}{"it was made": {made: true}, "it was not": {wait: 2 * time.Minute}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := cutShort(t)
			if x.made {
				w.ranges = there(claimedBlock, "a")
			}
			w.delete("pods")
			w.reconcile("pods")
			if x.wait > 0 {
				w.want("pods", "Pending", 0, claimedBlock+" claimed")
				w.now = w.now.Add(x.wait)
				w.reconcile("pods")
			}
			if !w.gone("pods") || len(w.ranges) > 0 {
				t.Errorf("it is gone: %t; left are %v", w.gone("pods"), w.ranges)
			}
		})
	}
}

// TestAClaimCostsOneWrite, however many subnets get a range.
func TestAClaimCostsOneWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, request("pods", 24))
	w.subnets = []string{"a", "b", "c"}
	writes := 0
	w.refusing(interceptor.Funcs{SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
		writes++
		return c.SubResource(sub).Patch(ctx, o, p, opts...)
	}})
	w.reconcile("pods")
	w.want("pods", "Ready", 3, "10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24")
	if writes != 2 {
		t.Errorf("%d writes of the status, want one for the claims and one for what came of them", writes)
	}
	w.now = w.now.Add(time.Hour)
	w.reconcile("pods")
	if writes != 2 {
		t.Errorf("%d more writes where nothing changed", writes-2)
	}
}

// TestARefusedClaimIsDroppedThoughTheRequestChangedMeanwhile: by an edit, or a
// deletion; nobody waits for what was refused. What may still come stays.
func TestARefusedClaimIsDroppedThoughTheRequestChangedMeanwhile(t *testing.T) {
	t.Parallel()
	edit := func(w *world) {
		r := w.get("pods")
		r.Labels = map[string]string{"team": "web"}
		if err := w.api.Update(context.Background(), r); err != nil {
			t.Error(err)
		}
	}
	remove := func(w *world) {
		if err := w.api.Delete(context.Background(), w.get("pods")); err != nil {
			t.Error(err)
		}
	}
	for name, x := range map[string]struct {
		during func(*world)
		reason cloud.Reason
		claims int
	}{
		"refused, and edited":  {edit, cloud.Invalid, 0},
		"refused, and deleted": {remove, cloud.Invalid, 0},
		"unknown, and edited":  {edit, cloud.OutcomeUnknown, 1},
		"unknown, and deleted": {remove, cloud.OutcomeUnknown, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, request("pods", 24))
			w.during = func() { x.during(w) }
			w.fail = []error{failed(x.reason)}
			w.reconcile("pods")
			if got := w.cidrs("pods"); len(got) != x.claims {
				t.Errorf("%v are claimed", got)
			}
		})
	}
}
