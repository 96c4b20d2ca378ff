package node

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/claims/claimstest"
)

// grant adds a request with a range.
func (w *world) grant(name, cidr string, nodeBits int32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: name, UID: "r-" + w.requests[0].UID}}
	r.CreationTimestamp = metav1.NewTime(time.Now().Add(time.Second))
	size := intstr.FromInt32(nodeBits)
	r.Spec.Purpose, r.Spec.NodePrefixLength = v1alpha1.Pods, &size
	r.Status.Ranges = []v1alpha1.GrantedRange{{CIDR: cidr, Subnet: "nodes", Name: "vn-" + name}}
	w.requests = append(w.requests, r)
}

func TestARangeTooSmallForTheNodeLeadsToTheNextCandidate(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.mu.Lock()
		small := intstr.FromInt32(30) // 4 addresses for 8 pods
		w.requests[0].Spec.NodePrefixLength = &small
		w.mu.Unlock()
		m.c.again <- struct{}{}
		time.Sleep(time.Second)
		w.addNode("a")
		time.Sleep(30 * time.Second)
		if got := w.reason("a"); got != v1alpha1.ReasonNodeUndersized {
			t.Errorf("with one candidate it waits for %q", got)
		}
		w.grant("next", "10.1.0.0/24", 28)
		m.c.again <- struct{}{}
		time.Sleep(2 * time.Minute)
		if got := w.published("a"); !strings.HasPrefix(got, "10.1.0.") {
			t.Errorf("published %q; the reason is %q", got, w.reason("a"))
		}
	})
}

func TestStoppingDoesNotWaitForAnAPIServerThatIsAway(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		ctx, cancel := context.WithCancel(t.Context())
		m.stop()
		time.Sleep(time.Minute)
		next := w.lead()
		defer next.stop()
		<-next.c.restored
		w.store.SetHook(func(_ context.Context, _ string, at claimstest.Moment) error {
			if at == claimstest.Before {
				return errors.New("the API server is away")
			}
			return nil
		})
		cancel()
		began := time.Now()
		err := next.c.flush(ctx)
		if took := time.Since(began); took > flushTime || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it took %s: %v", took, err)
		}
		w.store.SetHook(nil)
	})
}

func TestWhatAnAttachmentDidNotFindIsNamed(t *testing.T) {
	for name, x := range map[string]struct {
		gone bool
		want string
	}{
		"the instance": {true, v1alpha1.ReasonInstanceNotFound},
		"the range":    {false, v1alpha1.ReasonRangeMissing},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world, _ *process) {
				w.script = func(act, id string, _ netip.Prefix) error {
					if act != "attach" {
						return nil
					}
					if x.gone {
						delete(w.instances, id)
					}
					return fault(cloud.NotFound)
				}
				w.addNode("a")
				time.Sleep(time.Second)
				if got := w.reason("a"); got != x.want {
					t.Errorf("the condition says %q, want %s", got, x.want)
				}
			})
		})
	}
}

func TestOverlappingRangesOfOneRequestStopNoOther(t *testing.T) {
	t.Parallel()
	alone(t, func(t *testing.T, w *world) {
		w.mu.Lock()
		w.requests[0].Status.Ranges = append(w.requests[0].Status.Ranges,
			v1alpha1.GrantedRange{CIDR: "10.0.0.0/25", Subnet: "nodes", Name: "again"})
		w.requests[0].Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"no": "node"}}
		w.mu.Unlock()
		w.grant("other", "10.1.0.0/24", 28)
		m := w.lead()
		defer m.stop()
		w.addNode("a")
		time.Sleep(time.Minute)
		if got := w.published("a"); !strings.HasPrefix(got, "10.1.0.") {
			t.Errorf("published %q; the reason is %q", got, w.reason("a"))
		}
	})
}

// A Node that was promised a prefix out of a range that people took out of the
// VPC draws from the request that selects it by now.
func TestALostRangeIsLeftForTheRequestThatSelectsTheNodeNow(t *testing.T) {
	in(t, func(t *testing.T, w *world, _ *process) {
		lost := netip.MustParsePrefix("10.0.0.0/24")
		w.script = func(act, _ string, p netip.Prefix) error {
			if act == "attach" && lost.Overlaps(p) {
				return fault(cloud.NotFound)
			}
			return nil
		}
		w.addNode("a")
		time.Sleep(time.Minute)
		if got := w.reason("a"); got != v1alpha1.ReasonRangeMissing {
			t.Fatalf("it waits for %s", got)
		}
		w.grant("more", "10.0.4.0/24", 28)
		w.mu.Lock()
		w.requests[1].Spec.NodeSelector = &v1alpha1.LabelSelector{MatchExpressions: []v1alpha1.LabelSelectorRequirement{{Key: "x", Operator: metav1.LabelSelectorOpDoesNotExist}}}
		w.mu.Unlock()
		time.Sleep(10 * time.Minute)
		if got := w.published("a"); !strings.HasPrefix(got, "10.0.4.") {
			t.Errorf("it published %q; %s: %s", got, w.reason("a"), w.message("a"))
		}
	})
}
