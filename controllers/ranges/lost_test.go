package ranges

import (
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// TestWhatCannotBeHadTakesNothingAway: a range that people took out is put
// back although another one of the request's never can be.
func TestWhatCannotBeHadTakesNothingAway(t *testing.T) {
	t.Parallel()
	byHand := func(block string) cloud.Range {
		return cloud.Range{Subnet: "a", Name: "theirs", Prefix: netip.MustParsePrefix(block)}
	}
	for name, x := range map[string]struct {
		change func(*world)
		reason string
	}{
		"somebody took the place of its other range": {reason: "RangeMissing", change: func(w *world) {
			w.ranges = []cloud.Range{byHand("10.0.0.0/25")}
		}},
		"it names a block that is somebody else's": {reason: "Overlap", change: func(w *world) {
			w.ranges = []cloud.Range{w.ranges[0], byHand("10.0.8.0/23")}
			r := w.get("pods")
			r.Generation++
			r.Spec.CIDRs = append(r.Spec.CIDRs, "10.0.0.0/24", "10.0.1.0/24", "10.0.9.0/24")
			r.Spec.PrefixLength, r.Spec.Subnets = nil, []string{"a"}
			w.update(r)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, growingRequest("pods", 24))
			w.reconcile("pods")
			r := w.get("pods")
			r.Status.Ranges = append(r.Status.Ranges, v1alpha1.GrantedRange{CIDR: "10.0.1.0/24", Subnet: "a", Name: own(1), Grown: true})
			if err := w.api.Status().Update(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			x.change(w)
			w.restart()
			w.reconcile("pods")
			w.want("pods", x.reason, len(w.ranges), "10.0.0.0/24", "10.0.1.0/24")
			if last := w.ranges[len(w.ranges)-1]; last.Name != own(1) {
				t.Errorf("the VPC has %v", w.ranges)
			}
		})
	}
}

// TestWhatWasMadeIsTakenUp: the range that came to be although its reply was
// lost is the request's, although it now names a block that it cannot have.
func TestWhatWasMadeIsTakenUp(t *testing.T) {
	t.Parallel()
	r := request("pods", 0)
	r.Spec.PrefixLength, r.Spec.Subnets, r.Spec.CIDRs = nil, []string{"a"}, []v1alpha1.CIDR{"10.0.0.0/24", "10.0.1.0/24"}
	w := newWorld(t, r)
	w.fail, w.half = []error{nil, &cloud.Error{Reason: cloud.OutcomeUnknown, Act: "create"}}, true
	w.reconcile("pods")
	w.want("pods", string(cloud.OutcomeUnknown), 2, "10.0.0.0/24", "10.0.1.0/24 claimed")
	w.ranges = append(w.ranges, cloud.Range{Subnet: "a", Name: "theirs", Prefix: netip.MustParsePrefix("10.0.8.0/23")})
	r = w.get("pods")
	r.Generation++
	r.Spec.CIDRs = append(r.Spec.CIDRs, "10.0.9.0/24")
	w.update(r)
	w.reconcile("pods")
	w.want("pods", "Overlap", 3, "10.0.0.0/24", "10.0.1.0/24")
}

// TestNodesOfADeletedRequestKeepTheirRange: it goes after them.
func TestNodesOfADeletedRequestKeepTheirRange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, request("pods", 24))
	w.reconcile("pods")
	w.nodes = []*corev1.Node{node("n1", "10.0.0.0/25", v1alpha1.ReasonRangeMissing)}
	w.ranges = nil
	w.delete("pods")
	w.reconcile("pods")
	w.want("pods", "InUse", 1, "10.0.0.0/24")
	w.nodes = nil
	w.reconcile("pods")
	if !w.gone("pods") || len(w.ranges) > 0 {
		t.Errorf("it is gone: %t; left are %v", w.gone("pods"), w.ranges)
	}
}

func (w *world) update(r *v1alpha1.RangeRequest) {
	w.t.Helper()
	if err := w.api.Update(w.t.Context(), r); err != nil {
		w.t.Fatal(err)
	}
}
