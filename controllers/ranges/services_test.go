package ranges

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// cluster is a Services of a few maps.
type cluster struct {
	blocks    []carve.ServiceBlock
	allocated map[netip.Prefix]prefix.Count
	usable    map[netip.Prefix]prefix.Count
	held      []string // Services that keep what is released or removed
	ensured   []string
	unserved  bool
	list, use error
	ensure    error
	sweep     error
	swept     int
	terminate bool // ServiceCIDRs take their time to go
}

func (c *cluster) Occupied(context.Context) ([]carve.ServiceBlock, error) { return c.blocks, c.list }

func (c *cluster) Use(context.Context, *v1alpha1.RangeRequest) (ServiceUse, error) {
	return ServiceUse{Allocated: c.allocated, Usable: c.usable, Unserved: c.unserved}, c.use
}

func (c *cluster) Ensure(_ context.Context, _ *v1alpha1.RangeRequest, g *v1alpha1.GrantedRange) error {
	if c.ensure != nil {
		return c.ensure
	}
	g.ServiceCIDR = "sc-" + g.Name
	if !slices.Contains(c.ensured, g.CIDR) {
		c.ensured = append(c.ensured, g.CIDR)
		c.blocks = append(c.blocks, carve.ServiceBlock{Prefix: netip.MustParsePrefix(g.CIDR), Name: g.ServiceCIDR})
	}
	return nil
}

func (c *cluster) Remove(_ context.Context, _ *v1alpha1.RangeRequest, g v1alpha1.GrantedRange) (bool, error) {
	if len(c.held) > 0 {
		return false, &conditions.Refusal{Reason: v1alpha1.ReasonInUse, Text: "deletion waits for Services " + strings.Join(c.held, ", ")}
	}
	if !c.terminate {
		c.ensured = slices.DeleteFunc(c.ensured, func(x string) bool { return x == g.CIDR })
		c.blocks = slices.DeleteFunc(c.blocks, func(b carve.ServiceBlock) bool { return b.Prefix.String() == g.CIDR })
	}
	return !c.terminate, nil
}

func (c *cluster) Sweep(_ context.Context, requests []v1alpha1.RangeRequest) error {
	c.swept++
	return c.sweep
}

// Release goes by what was made, not by the status.
func (c *cluster) Release(ctx context.Context, r *v1alpha1.RangeRequest) (gone bool, err error) {
	gone = true
	for _, cidr := range slices.Clone(c.ensured) {
		left, problem := c.Remove(ctx, r, v1alpha1.GrantedRange{CIDR: cidr})
		gone, err = gone && left, cmp.Or(err, problem)
	}
	return gone, err
}

// serving has a Services request of a /28 that grows.
func serving(t *testing.T) (*world, *cluster) {
	r := growingRequest("pods", 28)
	r.Spec.Purpose = v1alpha1.Services
	w, s := newWorld(t, r), &cluster{allocated: map[netip.Prefix]prefix.Count{}}
	w.subnets = []string{"a", "b"}
	w.c.Services = s
	return w, s
}

func TestServicesAreRefusedWhereNobodyProvidesThem(t *testing.T) {
	t.Parallel()
	w, _ := serving(t)
	w.c.Services = nil
	w.reconcile("pods")
	w.want("pods", "Unsupported", 0)
	w.event("Unsupported")
}

func TestNothingIsCarvedWithoutServiceCIDRs(t *testing.T) {
	t.Parallel()
	w, s := serving(t)
	s.use = &conditions.Refusal{Reason: v1alpha1.ReasonNoServiceCIDR, Text: "the API server has no ServiceCIDRs"}
	if again := w.reconcile("pods"); again.RequeueAfter != carve.RetryLater {
		t.Errorf("again in %s", again.RequeueAfter)
	}
	w.want("pods", "NoServiceCIDR", 0)
	w.event("NoServiceCIDR")
}

func TestAServicesRangeIsReadyWhenItsServiceCIDRIs(t *testing.T) {
	t.Parallel()
	w, s := serving(t)
	s.ensure = &conditions.Refusal{Reason: v1alpha1.ReasonServiceCIDRNotReady, Text: "not yet", Again: carve.RetrySoon}
	w.reconcile("pods")
	w.want("pods", "ServiceCIDRNotReady", 1, "10.0.0.0/28")
	s.ensure = nil
	w.reconcile("pods")
	w.want("pods", "Ready", 1, "10.0.0.0/28")
	if got := w.get("pods").Status.Ranges[0]; got.ServiceCIDR == "" || got.Subnet != "a" {
		t.Errorf("got %+v", got)
	}
}

func TestAServicesRangeGrowsAndIsGivenBack(t *testing.T) {
	t.Parallel()
	w, s := serving(t)
	w.reconcile("pods")
	s.allocated[netip.MustParsePrefix("10.0.0.0/28")] = prefix.NewCount(13) // 82%
	w.reconcile("pods")
	w.want("pods", "Ready", 2, "10.0.0.0/28", "10.0.0.16/28")
	if !slices.Equal(s.ensured, []string{"10.0.0.0/28", "10.0.0.16/28"}) {
		t.Errorf("the cluster has %v", s.ensured)
	}
	s.allocated[netip.MustParsePrefix("10.0.0.0/28")] = prefix.NewCount(3)
	w.now = w.now.Add(verifyPeriod)
	w.reconcile("pods") // its hour ran from when it was carved
	w.now = w.now.Add(time.Hour)
	s.terminate = true
	w.reconcile("pods")
	w.reconcile("pods")
	w.want("pods", "Ready", 2, "10.0.0.0/28", "10.0.0.16/28 leaves")
	s.terminate = false
	w.reconcile("pods")
	w.want("pods", "Ready", 1, "10.0.0.0/28")
	w.event("Reclaimed")
}

// Of a /28 the API server allocates 14: at a threshold of 90% it is full with
// 13, which are 82% of its addresses.
func TestUtilisationOfServicesIsOfWhatCanBeAllocated(t *testing.T) {
	t.Parallel()
	w, s := serving(t)
	first := netip.MustParsePrefix("10.0.0.0/28")
	s.usable = map[netip.Prefix]prefix.Count{first: prefix.NewCount(14)}
	w.reconcile("pods")
	r := w.get("pods")
	r.Spec.Growth.Threshold = 90
	if err := w.api.Update(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	s.allocated[first] = prefix.NewCount(12)
	w.reconcile("pods")
	w.want("pods", "Ready", 1, "10.0.0.0/28")
	s.allocated[first] = prefix.NewCount(13)
	w.reconcile("pods")
	w.want("pods", "Ready", 2, "10.0.0.0/28", "10.0.0.16/28")
}

func TestAServicesRangeThatCameIntoUseStays(t *testing.T) {
	t.Parallel()
	w, s := serving(t)
	w.reconcile("pods")
	s.allocated[netip.MustParsePrefix("10.0.0.0/28")] = prefix.NewCount(13)
	w.reconcile("pods")
	s.allocated[netip.MustParsePrefix("10.0.0.0/28")] = prefix.NewCount(3)
	w.now = w.now.Add(verifyPeriod)
	w.reconcile("pods")
	w.now = w.now.Add(time.Hour)
	s.held = []string{"web/front"}
	w.reconcile("pods")
	w.reconcile("pods")
	w.want("pods", "Ready", 2, "10.0.0.0/28", "10.0.0.16/28")
	w.event("web/front")
}

// A ServiceCIDR that somebody deleted is made again soon, not at the next
// verification.
func TestAServicesRangeThatIsNotServedIsMended(t *testing.T) {
	t.Parallel()
	w, s := serving(t)
	w.reconcile("pods")
	s.ensured, s.unserved = nil, true
	w.now = w.now.Add(missingPause)
	w.reconcile("pods")
	if !slices.Equal(s.ensured, []string{"10.0.0.0/28"}) {
		t.Errorf("the cluster has %v", s.ensured)
	}
}

func TestAServicesRangeGoesAfterItsServices(t *testing.T) {
	t.Parallel()
	w, s := serving(t)
	w.reconcile("pods")
	ctx := context.Background()
	if err := w.api.Delete(ctx, w.get("pods")); err != nil {
		t.Fatal(err)
	}
	s.held = []string{"default/kubernetes", "web/front"}
	w.reconcile("pods")
	w.want("pods", "InUse", 1, "10.0.0.0/28")
	w.event("web/front")
	s.held, s.terminate = nil, true
	w.reconcile("pods")
	w.want("pods", "Pending", 1, "10.0.0.0/28")
	s.terminate = false
	w.reconcile("pods")
	err := w.api.Get(ctx, client.ObjectKey{Name: "pods"}, &v1alpha1.RangeRequest{})
	if err == nil || len(w.ranges) > 0 || len(s.ensured) > 0 {
		t.Errorf("%v; the VPC has %v, the cluster %v", err, w.ranges, s.ensured)
	}
}

func TestUseThatCannotBeCountedMayBeAny(t *testing.T) {
	t.Parallel()
	w, s := serving(t)
	w.reconcile("pods")
	if err := w.api.Delete(context.Background(), w.get("pods")); err != nil {
		t.Fatal(err)
	}
	s.use = context.DeadlineExceeded
	w.reconcile("pods")
	w.want("pods", "Unavailable", 1, "10.0.0.0/28")
}

// TestAServiceCIDROverWhatIsGrantedIsTold: with its own condition, Event and
// metric, once; what is granted stays as it is.
func TestAServiceCIDROverWhatIsGrantedIsTold(t *testing.T) {
	t.Parallel()
	w, s := newWorld(t, request("pods", 24)), &cluster{}
	w.c.Services = s
	w.reconcile("pods")
	w.want("pods", "Ready", 1, "10.0.0.0/24")
	if got := w.reason("pods", v1alpha1.ConditionServiceCIDROverlap); got != "" {
		t.Errorf("before anything overlapped the condition says %s", got)
	}
	s.blocks = []carve.ServiceBlock{{Prefix: netip.MustParsePrefix("10.0.0.64/26"), Name: "late"}, {Prefix: netip.MustParsePrefix("10.0.1.0/24"), Name: "beside"}}
	if again := w.reconcile("pods"); again.RequeueAfter > lookServices {
		t.Errorf("the next look is in %s", again.RequeueAfter)
	}
	w.event("Ready")
	calls := w.calls
	for range 3 {
		w.now = w.now.Add(lookServices)
		w.reconcile("pods")
	}
	w.want("pods", "Ready", 1, "10.0.0.0/24")
	if got := w.reason("pods", v1alpha1.ConditionServiceCIDROverlap); got != v1alpha1.ReasonServiceCIDROverlap {
		t.Errorf("the condition says %q", got)
	}
	if len(w.events.Events) != 1 || w.calls != calls {
		t.Errorf("there are %d Events and %d changes of the cloud", len(w.events.Events), w.calls-calls)
	}
	w.event("late")
	if got := testutil.ToFloat64(w.c.Metrics.overlapped.WithLabelValues("pods")); got != 1 {
		t.Errorf("the metric counts %v overlaps", got)
	}
	if got := testutil.ToFloat64(w.c.Metrics.failures.WithLabelValues("pods", v1alpha1.ReasonServiceCIDROverlap)); got != 1 {
		t.Errorf("the metric counts %v failures", got)
	}
	s.blocks = s.blocks[1:]
	w.now = w.now.Add(lookServices)
	w.reconcile("pods")
	if got := w.reason("pods", v1alpha1.ConditionServiceCIDROverlap); got != v1alpha1.ReasonNone {
		t.Errorf("when it is gone the condition says %q", got)
	}
}

// TestServiceCIDRsThatMayNotBeListedAreTold: once, with the right that is
// missing, while what is granted stays good.
func TestServiceCIDRsThatMayNotBeListedAreTold(t *testing.T) {
	t.Parallel()
	w, s := newWorld(t, request("pods", 24)), &cluster{}
	w.c.Services = s
	w.reconcile("pods")
	w.event("Ready")
	s.list = fmt.Errorf("listing ServiceCIDRs: %w", apierrors.NewForbidden(schema.GroupResource{Group: "networking.k8s.io", Resource: "servicecidrs"}, "", errors.New("no rule")))
	for range 3 {
		w.now = w.now.Add(lookServices)
		w.reconcile("pods")
	}
	w.want("pods", "Ready", 1, "10.0.0.0/24")
	if got := w.reason("pods", v1alpha1.ConditionServiceCIDROverlap); got != "PermissionDenied" {
		t.Errorf("the condition says %q", got)
	}
	if n := len(w.events.Events); n != 1 {
		t.Errorf("there are %d Events", n)
	}
	said := <-w.events.Events
	if !strings.Contains(said, "deploy/manifests/rbac.yaml") || strings.Count(said, "listing ServiceCIDRs") != 1 {
		t.Errorf("the Event says %q", said)
	}
	s.list = nil
	w.now = w.now.Add(lookServices)
	w.reconcile("pods")
	if got := w.reason("pods", v1alpha1.ConditionServiceCIDROverlap); got != v1alpha1.ReasonNone {
		t.Errorf("with the right given the condition says %q", got)
	}
}

func TestPodsKeepClearOfServiceCIDRs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, request("pods", 24))
	w.c.Services = &cluster{blocks: []carve.ServiceBlock{{Prefix: netip.MustParsePrefix("10.0.0.0/20"), Name: "kubernetes"}}}
	w.reconcile("pods")
	w.want("pods", "Ready", 1, "10.0.16.0/24")
}
