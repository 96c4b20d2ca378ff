package aws_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/cloudtest"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

func internalOne(b *lb.LoadBalancer) { b.Scheme = lb.Internal }

// served reports whether some balancer takes clients in at port 80.
func (w *balanced) served() bool {
	return slices.ContainsFunc(w.sim.Balancers(), func(b awssim.Balancer) bool {
		got, err := w.sim.Reaches(b.Name, "tcp", 80, client)
		return err == nil && len(got) > 0
	})
}

// handsOver applies until all is as wanted, and wants clients to be served all
// the while.
func (w *balanced) handsOver(b lb.LoadBalancer) (most int) {
	w.Helper()
	for range 200 {
		_, err := w.apply(b)
		w.must(err)
		if !w.served() {
			w.Fatalf("nothing serves: %+v", w.sim.Balancers())
		}
		most = max(most, len(w.sim.Balancers()))
		if got := w.read(b.Owner); len(w.plan(b, got)) == 0 {
			w.settled(b)
			return most
		}
		time.Sleep(20 * time.Millisecond)
	}
	w.Fatal("it never ends")
	return most
}

// TestAnotherBalancerTakesOver: the scheme and the addresses cannot be changed
// in place, and what cannot stands beside what serves until it serves.
func TestAnotherBalancerTakesOver(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{Latency: 200 * time.Millisecond, Linger: 100 * time.Millisecond}, func(c *aws.BalancerConfig) { c.Patience = 5 * time.Second })
	var ids []string
	for range 4 {
		id, _, err := w.sim.AddElasticIP()
		w.must(err)
		ids = append(ids, id)
	}
	w.made(service("web"))
	w.soon(w.served)
	for name, edit := range map[string]func(*lb.LoadBalancer){
		"another scheme": internalOne,
		"Elastic IPs":    func(b *lb.LoadBalancer) { b.Frontends[0].Reserved = ids[0] + "," + ids[1] },
		"others":         func(b *lb.LoadBalancer) { b.Frontends[0].Reserved = ids[2] + "," + ids[3] },
		"and back":       func(*lb.LoadBalancer) {},
	} {
		before := w.one().ARN
		if most := w.handsOver(service("web", edit)); w.one().ARN != before && most != 2 {
			t.Errorf("%s: at most %d balancers stood side by side", name, most)
		}
	}
	if n := len(w.sim.TargetGroups()); n != 1 {
		t.Errorf("%d target groups are left", n)
	}
}

func (w *balanced) soon(is func() bool) {
	w.Helper()
	for range 500 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.Fatal("gave up waiting")
}

// TestABalancerThatCannotBeReplacedStays: whatever stands in the way of the one
// that is to take its place.
func TestABalancerThatCannotBeReplacedStays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit   func(*lb.LoadBalancer)
		harm   func(*balanced)
		reason cloud.Reason
	}{
		"a quota": {internalOne, func(w *balanced) {
			w.sim.Inject(awssim.Fault{Action: "CreateLoadBalancer", Error: &awssim.APIError{Status: 400, Code: "TooManyLoadBalancers", Message: "no more"}})
		}, cloud.QuotaExceeded},
		"a full subnet": {internalOne, func(w *balanced) {
			w.sim.Inject(awssim.Fault{Action: "CreateLoadBalancer", Error: &awssim.APIError{Status: 400, Code: "InvalidSubnet", Message: "not enough IP space"}})
		}, cloud.QuotaExceeded},
		"a name that is taken": {internalOne, func(w *balanced) {
			for _, a := range w.plan(service("web", internalOne), w.read()) {
				if a.Kind == "LoadBalancer" && a.Verb == lb.Create {
					_, err := w.elb.CreateLoadBalancer(w.Context(), &elb.CreateLoadBalancerInput{Name: &a.Name, Type: "network", Subnets: []string{w.public[zones[0]]}})
					w.must(err)
				}
			}
		}, cloud.Conflict},
		"no listener": {internalOne, func(w *balanced) {
			w.sim.Inject(awssim.Fault{Action: "CreateListener", Error: &awssim.APIError{Status: 403, Code: "AccessDenied", Message: "no"}})
		}, cloud.PermissionDenied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newBalanced(t, awssim.Config{})
			w.made(service("web"))
			before := w.one()
			c.harm(w)
			for range 3 {
				_, err := w.apply(service("web", c.edit))
				if !cloud.Is(err, c.reason) {
					t.Errorf("got %v, want %s", err, c.reason)
				}
			}
			at := slices.IndexFunc(w.sim.Balancers(), func(b awssim.Balancer) bool { return b.ARN == before.ARN })
			if at < 0 || len(w.sim.Balancers()[at].Listeners) != 1 || !w.served() {
				t.Errorf("it was %+v, and there are %+v", before, w.sim.Balancers())
			}
		})
	}
}

// TestAnElasticIPThatCannotBeHadIsRefused before the balancer goes that has
// others of the same list: they are one balancer's at a time.
func TestAnElasticIPThatCannotBeHadIsRefused(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	var ids []string
	for range 3 {
		id, _, err := w.sim.AddElasticIP()
		w.must(err)
		ids = append(ids, id)
	}
	with := func(name string, ids ...string) lb.LoadBalancer {
		return service(name, func(b *lb.LoadBalancer) { b.Frontends[0].Reserved = strings.Join(ids, ",") })
	}
	w.made(with("web", ids[0], ids[1]))
	w.made(with("other", ids[2]))
	for id, reason := range map[string]cloud.Reason{"eipalloc-typo": cloud.NotFound, ids[2]: cloud.Conflict} {
		_, err := w.lb.Want(cloudtest.On(with("web", ids[0], id), w.nodes), w.read())
		w.refused(err, reason)
	}
	w.must(w.gone(with("other")))
	plan := w.plan(with("web", ids[0], ids[2]), w.read())
	if !strings.Contains(plan.String(), "must be replaced (downtime)") {
		t.Errorf("the plan does not say that it is cut off:\n%s", plan)
	}
	w.made(with("web", ids[0], ids[2]))
}

// TestAProtectedBalancerIsLeftWhole, and goes when it is not to be protected
// any more.
func TestAProtectedBalancerIsLeftWhole(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	guarded := func(b *lb.LoadBalancer) { b.Attributes[lb.AttributeProtected] = "true" }
	b := service("web", guarded)
	w.made(b)
	w.refused(w.gone(b), cloud.Conflict)
	if _, err := w.apply(service("web", guarded, internalOne)); !cloud.Is(err, cloud.Conflict) {
		t.Errorf("it was replaced: %v", err)
	}
	w.reaches("tcp", 80, 3)
	w.sim.ResetCalls()
	got := w.read(b.Owner)
	w.must(lb.Run(t.Context(), w.lb, lb.Plan(w.lb.Rules(), got, lb.Goal{Owner: b.Owner, Unprotect: true}), got))
	if n := w.sim.CallCounts()["DeleteListener"]; n > 0 {
		t.Errorf("%d calls for listeners, which go with their balancer", n)
	}
	w.clean()
	// Somebody's own protection is theirs to lift.
	w.made(service("web"))
	arn, key, yes := w.one().ARN, "deletion_protection.enabled", "true"
	_, err := w.elb.ModifyLoadBalancerAttributes(t.Context(), &elb.ModifyLoadBalancerAttributesInput{LoadBalancerArn: &arn, Attributes: attribute(key, yes)})
	w.must(err)
	w.refused(w.gone(b), cloud.Conflict)
	w.reaches("tcp", 80, 3)
}

// TestWhatHasToGoFirstStaysWhereItsSuccessorCannotBeMade: ELB gives an address
// to one balancer at a time.
func TestWhatHasToGoFirstStaysWhereItsSuccessorCannotBeMade(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	asks := func(addresses string) lb.LoadBalancer {
		return service("web", func(b *lb.LoadBalancer) {
			b.Scheme, b.Attributes[lb.AttributePrivateIPv4] = lb.Internal, addresses
		})
	}
	first, vm := asks("10.0.16.200,10.0.32.200"), w.sim.Instances()[0].Interfaces[0].IP.String()
	w.made(first)
	stays := func(b lb.LoadBalancer, reason cloud.Reason, says string) {
		t.Helper()
		_, err := w.lb.Want(cloudtest.On(b, w.nodes), w.read())
		w.refused(err, reason)
		if err == nil || !strings.Contains(err.Error(), says+", and "+w.one().Name+", which serves, would have to go first") {
			t.Errorf("got %v, want that %s", err, says)
		}
	}
	if !strings.HasPrefix(vm, "10.0.16.") {
		t.Fatalf("the machine has %s", vm)
	}
	stays(asks(vm+",10.0.32.200"), cloud.Conflict, vm+" is in use in subnet "+w.places[zones[0]])
	stays(asks("10.0.16.1,10.0.32.200"), cloud.Invalid, "10.0.16.1 is AWS's own in subnet "+w.places[zones[0]])
	w.settled(first)
	w.made(asks("10.0.16.201,10.0.32.200"))

	// Elastic IPs, in a subnet that runs full.
	w.must(w.gone(first))
	var eips []string
	for range 3 {
		id, _, err := w.sim.AddElasticIP()
		w.must(err)
		eips = append(eips, id)
	}
	elastic := func(ids ...string) lb.LoadBalancer {
		return service("web", func(b *lb.LoadBalancer) { b.Frontends[0].Reserved = strings.Join(ids, ",") })
	}
	w.made(elastic(eips[0], eips[1]))
	var cards []string
	for {
		id, err := w.sim.AddInterface(awssim.Interface{Subnet: w.public[zones[1]]})
		if err != nil {
			break
		}
		cards = append(cards, id)
	}
	stays(elastic(eips[0], eips[2]), cloud.QuotaExceeded, "fewer than 8 addresses are free in subnet "+w.public[zones[1]])
	w.settled(elastic(eips[0], eips[1]))
	for _, id := range cards[:7] { // and one of the balancer that goes
		w.must(w.sim.DeleteInterface(id))
	}
	w.made(elastic(eips[0], eips[2]))
}

// TestSubnetsAndFamiliesChangeAtOnce: from subnets of both families to others of
// one.
func TestSubnetsAndFamiliesChangeAtOnce(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	_, err := w.sim.AddIPv6(w.public[zones[0]])
	w.must(err)
	b := service("web", func(b *lb.LoadBalancer) {
		b.Frontends = append(b.Frontends, lb.Frontend{Family: lb.IPv6})
		b.Attributes[lb.AttributeSubnets] = w.public[zones[0]]
	})
	w.made(b)
	arn := w.one().ARN
	w.made(service("web", func(b *lb.LoadBalancer) { b.Attributes[lb.AttributeSubnets] = w.public[zones[1]] }))
	if w.one().ARN != arn {
		t.Error("it was replaced")
	}
}

// TestWhatIsFreshOrLingersIsNoFailure: a new ID is unknown for a while, and what
// used something that goes is about for longer.
func TestWhatIsFreshOrLingersIsNoFailure(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{Fresh: 150 * time.Millisecond, Linger: time.Hour}, func(c *aws.BalancerConfig) { c.Patience = 10 * time.Second })
	b := service("web")
	got := w.read()
	w.must(lb.Run(t.Context(), w.lb, w.plan(b, got), got))
	time.Sleep(200 * time.Millisecond)
	w.settled(b)
	impatient := newAdapter(t, w.url, w.vpcID, 50*time.Millisecond)
	got = w.read(b.Owner)
	err := lb.Run(t.Context(), impatient, lb.Plan(w.lb.Rules(), got, lb.Goal{Owner: b.Owner}), got)
	for _, one := range split2(err) {
		if _, lingers := errors.AsType[*lb.Lingers](one); !lingers {
			t.Errorf("got %v", one)
		}
	}
	if err == nil {
		t.Error("the interfaces are gone at once")
	}
}
