package aws_test

import (
	"context"
	"path"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
)

// routedWorld has a second node subnet with a table of its own.
func routedWorld(t *testing.T, c awssim.Config) (w *world, table string) {
	t.Helper()
	w = newWorld(t, c)
	cidr := prefix("100.66.0.0/16") // which no route may lead into
	w.must(w.vpc.NewSpace.AddBlock(t.Context(), cidr))
	other, err := w.sim.AddSubnet(w.vpcID, prefix("100.66.0.0/24"), zone)
	w.must(err)
	table, err = w.sim.AddRouteTable(w.vpcID, other)
	w.must(err)
	_, err = w.sim.AddRouteTable(w.vpcID) // one that no node subnet uses
	w.must(err)
	w.vpc = w.connect(func(c *aws.Config) { c.Subnets = []string{w.subnet, other} })
	return w, table
}

func (w *world) routedGet(id string) cloud.Interface {
	w.Helper()
	i, err := w.settled().Routed.Get(w.Context(), id)
	w.must(err)
	return i
}

func (w *world) lead(i cloud.Interface, p string) error {
	_, err := w.vpc.Routed.Attach(w.Context(), i, cloud.Attachment{Prefix: prefix(p)})
	return err
}

func (w *world) unlead(i cloud.Interface, p string) error {
	_, err := w.vpc.Routed.Detach(w.Context(), i, cloud.Attachment{Prefix: prefix(p)})
	return err
}

// leads wants that table ("" the main one) to lead exactly there.
func (w *world) leads(table string, want ...awssim.Route) {
	w.Helper()
	got := w.sim.Routes(w.vpcID, table)
	if len(got) != len(want) {
		w.Errorf("table %q has %v, want %v", table, got, want)
		return
	}
	for n := range got {
		if got[n] != want[n] {
			w.Errorf("table %q has %v, want %v", table, got, want)
		}
	}
}

func TestEveryTableOfTheNodeSubnetsLeadsToTheNode(t *testing.T) {
	t.Parallel()
	w, table := routedWorld(t, awssim.Config{})
	id := w.add("t2.medium", "vm") // Xen will do
	i := w.routedGet(id)
	w.must(w.lead(i, "100.64.1.0/24"))
	to := awssim.Route{To: "100.64.1.0/24", Via: i.Version, State: "active"}
	w.leads("", to)
	w.leads(table, to)
	if w.card(id).SourceDestCheck {
		t.Error("the source/destination check is on")
	}
	if got := w.routedGet(id); !got.Holds(prefix("100.64.1.0/24")) || len(got.Elsewhere) > 0 {
		t.Errorf("it reads %+v", got)
	}
	w.must(w.lead(i, "100.64.1.0/24")) // again
	w.must(w.unlead(i, "100.64.1.0/24"))
	w.must(w.unlead(i, "100.64.1.0/24"))
	w.leads("")
	w.leads(table)
	if n := w.sim.CallCounts()["ReplaceRoute"]; n > 0 {
		t.Errorf("%d routes replaced", n)
	}
}

func TestTheMainTableIsTheArbiter(t *testing.T) {
	t.Parallel()
	w, table := routedWorld(t, awssim.Config{})
	a, b := w.routedGet(w.add("m5.large", "a")), w.routedGet(w.add("m5.large", "b"))
	w.must(w.lead(a, "100.64.1.0/24"))
	w.wants(cloud.Conflict, w.lead(b, "100.64.1.0/24"), a.Version, "rtb-")
	w.leads("", awssim.Route{To: "100.64.1.0/24", Via: a.Version, State: "active"})
	w.must(w.unlead(b, "100.64.1.0/24")) // touches nothing of a
	w.leads(table, awssim.Route{To: "100.64.1.0/24", Via: a.Version, State: "active"})
}

// What another table has for the prefix is a conflict too, and leaves nothing.
func TestAConflictInALaterTableLeavesNothing(t *testing.T) {
	t.Parallel()
	w, table := routedWorld(t, awssim.Config{})
	w.must(w.sim.AddRouteTo(table, prefix("100.64.1.0/24"), "tgw-1"))
	i := w.routedGet(w.add("m5.large", "vm"))
	w.wants(cloud.Conflict, w.lead(i, "100.64.1.0/24"), table, "tgw-1")
	w.leads("")
}

func TestARouteThatATableLacksIsElsewhereAndMadeWhole(t *testing.T) {
	t.Parallel()
	w, table := routedWorld(t, awssim.Config{})
	id := w.add("m5.large", "vm")
	i := w.routedGet(id)
	w.must(w.lead(i, "100.64.1.0/24"))
	w.must(w.sim.RemoveRoute(table, prefix("100.64.1.0/24")))
	if got := w.routedGet(id); got.Holds(prefix("100.64.1.0/24")) || len(got.Elsewhere) != 1 {
		t.Errorf("it reads %+v", got)
	}
	w.must(w.lead(i, "100.64.1.0/24"))
	if got := w.routedGet(id); !got.Holds(prefix("100.64.1.0/24")) {
		t.Errorf("it reads %+v", got)
	}
}

func TestOnlyRoutesOfInterfacesThatAreGoneAreCleared(t *testing.T) {
	t.Parallel()
	w, _ := routedWorld(t, awssim.Config{})
	dead, stopped := w.add("m5.large", "dead"), w.add("m5.large", "stopped")
	d, s := w.routedGet(dead), w.routedGet(stopped)
	w.must(w.lead(d, "100.64.1.0/24"))
	w.must(w.lead(s, "100.64.2.0/24"))
	w.must(w.sim.TerminateInstance(path.Base(dead)))
	w.must(w.sim.StopInstance(path.Base(stopped)))
	other := w.routedGet(w.add("m5.large", "other"))
	w.wants(cloud.Conflict, w.lead(other, "100.64.1.0/24"), d.Version, "gone or not running")
	w.wants(cloud.Conflict, w.lead(other, "100.64.2.0/24"), s.Version)
	var orphans []cloud.Interface
	for i, err := range w.settled().Routed.List(t.Context()) {
		if w.must(err); i.Instance == "" {
			orphans = append(orphans, i)
		}
	}
	if len(orphans) != 1 || orphans[0].Version != d.Version || !orphans[0].Holds(prefix("100.64.1.0/24")) {
		t.Fatalf("orphans are %+v", orphans)
	}
	w.wants(cloud.Conflict, w.unlead(cloud.Interface{Version: s.Version}, "100.64.2.0/24"), "exists")
	w.must(w.unlead(orphans[0], "100.64.1.0/24"))
	w.must(w.lead(other, "100.64.1.0/24"))
}

func TestTheQuotaOfRoutesIsSaidUpFront(t *testing.T) {
	t.Parallel()
	w, _ := routedWorld(t, awssim.Config{RoutesPerTable: 3})
	w.vpc = w.connect(func(c *aws.Config) { c.RoutesPerTable = 3 })
	w.must(w.lead(w.routedGet(w.add("m5.large", "a")), "100.64.1.0/24"))
	snap, err := w.settled().Space.Read(t.Context())
	w.must(err)
	if r := snap.Routes; r == nil || r.Limit != 3 || r.Used != 3 || r.Table == "" {
		t.Errorf("the room is %+v", r)
	}
	w.wants(cloud.QuotaExceeded, w.lead(w.routedGet(w.add("m5.large", "b")), "100.64.2.0/24"), "rtb-", "routes per route table")
	w.wants(cloud.Invalid, w.lead(w.routedGet(w.add("m5.large", "c")), "10.0.9.0/24"), "10.0.9.0/24")
}

func TestRoutesOutliveTrouble(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"CreateRoute", "DeleteRoute", "ModifyNetworkInterfaceAttribute"} {
		for name, fault := range map[string]awssim.Fault{
			"lost reply": {LostReply: true, Count: 2}, "failure": {Error: awssim.InternalError(), Count: 2}, "throttle": {Error: awssim.Throttled(), Every: 2},
		} {
			t.Run(action+" "+name, func(t *testing.T) {
				t.Parallel()
				w, table := routedWorld(t, awssim.Config{})
				fault.Action = action
				w.sim.Inject(fault)
				i := w.routedGet(w.add("m5.large", "vm"))
				w.must(w.lead(i, "100.64.1.0/24"))
				w.leads(table, awssim.Route{To: "100.64.1.0/24", Via: i.Version, State: "active"})
				w.must(w.unlead(i, "100.64.1.0/24"))
				w.leads("")
				w.leads(table)
			})
		}
	}
}

func TestAnEndedContextLeavesRoutesUnknown(t *testing.T) {
	t.Parallel()
	w, _ := routedWorld(t, awssim.Config{})
	i := w.routedGet(w.add("m5.large", "vm"))
	ctx, cancel := context.WithCancel(t.Context())
	w.sim.Inject(awssim.Fault{Action: "CreateRoute", Count: 1, After: func(awssim.Call) { cancel() }})
	_, err := w.vpc.Routed.Attach(ctx, i, cloud.Attachment{Prefix: prefix("100.64.1.0/24")})
	w.wants(cloud.OutcomeUnknown, err)
}

// EC2 guards only routes to exactly the same addresses: a route to more or to
// fewer of them that leads to another interface is found by reading, before
// and after.
func TestARouteAcrossAnothersIsAConflict(t *testing.T) {
	t.Parallel()
	w, table := routedWorld(t, awssim.Config{})
	a, b := w.routedGet(w.add("m5.large", "a")), w.routedGet(w.add("m5.large", "b"))
	w.must(w.lead(a, "100.64.2.0/24"))
	first := awssim.Route{To: "100.64.2.0/24", Via: a.Version, State: "active"}
	for _, p := range []string{"100.64.2.0/25", "100.64.2.0/23"} {
		w.wants(cloud.Conflict, w.lead(b, p), "100.64.2.0/24", a.Version)
	}
	w.leads("", first)

	// One that comes while ours is made is seen after.
	w.sim.Inject(awssim.Fault{Action: "CreateRoute", Count: 1, After: func(awssim.Call) {
		w.must(w.sim.AddRoute(w.vpcID, prefix("100.64.6.0/25"), a.Version))
	}})
	w.wants(cloud.Conflict, w.lead(b, "100.64.6.0/24"), "100.64.6.0/25")
	w.leads("", first, awssim.Route{To: "100.64.6.0/25", Via: a.Version, State: "active"})
	w.leads(table, first)
	w.must(w.sim.AddRoute(w.vpcID, prefix("100.64.0.0/16"), "tgw-1")) // where the rest goes
	w.must(w.lead(b, "100.64.4.0/24"))
}
