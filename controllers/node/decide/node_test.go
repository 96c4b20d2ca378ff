package decide

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/inflight"
)

var (
	six = netip.MustParsePrefix("fd00::/112")
	no  = conditions.Refuse("Reason", "no")
)

func failed(r cloud.Reason) func(*View) {
	return func(v *View) {
		v.Operation = inflight.State{Ended: true, Err: &cloud.Error{Reason: r, Act: "attach", Err: errors.New("no")}}
	}
}

func underWay(v *View) { v.Operation.UnderWay = true }

func ended(v *View) { v.Operation.Ended = true }

func noProviderID(v *View) { v.Node.Instance = "" }

func holds(v *View) {
	v.Allocation = &allocator.Allocation{Holder: allocator.Holder{NodeUID: "1", Node: "a", Instance: "vm-a"}, Prefix: mine, Delegated: v.Node.IPv6}
}

func with(change ...func(*View)) View {
	v := View{Now: noon, Node: &Node{UID: "1", Instance: "vm-a"}}
	for _, c := range change {
		c(&v)
	}
	return v
}

type stepTest struct {
	view  View
	do    Do
	again time.Duration
}

func check(t *testing.T, tests map[string]stepTest) {
	t.Helper()
	for name, x := range tests {
		got := Decide(x.view)
		if got.Do != x.do || got.Again != x.again {
			t.Errorf("%s: %s, want %s again in %s", name, got, x.do, x.again)
		}
		if got.Why == "" || got.Do == Refuse && got.Refusal == nil {
			t.Errorf("%s: %+v does not say why", name, got)
		}
	}
}

func TestProvide(t *testing.T) {
	t.Parallel()
	claimed := func(v *View) { v.Claimed = true }
	check(t, map[string]stepTest{
		"the requests have changed":    {with(func(v *View) { v.Outdated = true }), Ignore, CatchUp},
		"no request selects it":        {with(func(v *View) { v.Unselected = true }), Ignore, 0},
		"another request selects it":   {with(holds, func(v *View) { v.Better = true }), Drop, 0},
		"which is too late once found": {with(holds, looked(Interface{}), func(v *View) { v.Better, v.Allocation.Found = true, true }), Claim, 0},
		"its request is stopped":       {with(holds, func(v *View) { v.Stopped, v.Allocation.Found = true, true }), Drop, 0},
		"which is too late once ours":  {with(holds, looked(Interface{}), func(v *View) { v.Stopped, v.Allocation.Durable = true, true }), Claim, 0},
		"no provider ID yet":           {with(noProviderID), Refuse, 0},
		"an operation is under way":    {with(holds, underWay), Wait, 0},
		"its prefix is attached":       {with(holds, ended), Publish, 0},
		"another allocator is at work": {with(func(v *View) { v.Refused = no }), Refuse, 0},
		"it holds nothing":             {with(), Look, 0},
		"its instance cannot be read":  {with(looked(Interface{Refused: no})), Refuse, 0},
		"its instance was looked at":   {with(looked(Interface{})), Pick, 0},
		"it was picked a prefix":       {with(holds, looked(Interface{})), Claim, 0},
		"it came with its prefix":      {with(holds, looked(Interface{Carries: true})), Claim, 0},
		"and that is claimed":          {with(holds, claimed, looked(Interface{Carries: true})), Publish, 0},
		"its prefix is claimed":        {with(holds, claimed, looked(Interface{})), Attach, 0},
		"another machine has its name": {with(holds, looked(Interface{Moved: true})), Cede, 0},

		// What the cloud said to an attachment.
		"the prefix is another's":             {with(holds, failed(cloud.Conflict)), Cede, 0},
		"and it holds nothing any more":       {with(failed(cloud.Conflict)), Refuse, 0},
		"the outcome is not known":            {with(holds, failed(cloud.OutcomeUnknown)), Refuse, 0},
		"a quota is used up":                  {with(holds, failed(cloud.QuotaExceeded)), Refuse, 0},
		"something was not found":             {with(holds, failed(cloud.NotFound)), Look, 0},
		"and its Network cannot be read":      {with(holds, failed(cloud.NotFound), func(v *View) { v.Unreadable = true }), Refuse, 0},
		"it is the instance":                  {with(holds, failed(cloud.NotFound), looked(Interface{Refused: no, Gone: true})), Refuse, 0},
		"it is the range":                     {with(holds, failed(cloud.NotFound), looked(Interface{})), Refuse, 0},
		"and other requests select it":        {with(holds, failed(cloud.NotFound), looked(Interface{}), func(v *View) { v.Better = true }), Cede, 0},
		"and a machine was made anew":         {with(holds, failed(cloud.NotFound), looked(Interface{Replaced: true}), func(v *View) { v.Better = true }), Refuse, 0},
		"and the instance cannot be read now": {with(holds, failed(cloud.NotFound), looked(Interface{Refused: no})), Refuse, 0},
	})
	for what, reason := range map[string]string{"Gone": "Reason", "Replaced": "InstanceNotFound", "": "RangeMissing"} {
		i := Interface{Gone: what == "Gone", Replaced: what == "Replaced"}
		if i.Gone {
			i.Refused = no
		}
		if got := Decide(with(holds, failed(cloud.NotFound), looked(i))); got.Refusal.Reason != reason {
			t.Errorf("%q: %s", what, got.Refusal.Reason)
		}
	}
}

// publishing is a Node that publishes a prefix of ours.
func publishing(change ...func(*View)) View {
	published := func(v *View) { v.Node.PodCIDRs, v.Node.Published = []netip.Prefix{mine}, mine }
	return with(append([]func(*View){published}, change...)...)
}

func TestKeep(t *testing.T) {
	t.Parallel()
	recorded := func(v *View) { holds(v); v.Recorded = true }
	ready := func(v *View) { v.Node.Ready = true }
	reported := func(v *View) { v.Node.Reported = true }
	missing := func(v *View) { v.Missed = true }
	observed := func(v *View) { recorded(v); v.Allocation.Observed = true }
	attaches := func(v *View) { v.Attaches = true }
	turn := func(v *View) { v.Attaches, v.Turn = true, true }
	fresh := func(v *View) { v.Fresh = true }
	unreadable := func(v *View) { v.Unreadable = true }
	check(t, map[string]stepTest{
		"somebody else was first":              {publishing(holds, func(v *View) { v.Allocation.Prefix = other }), GiveWay, 0},
		"and what it publishes is in no range": {publishing(holds, func(v *View) { v.Node.Published = netip.Prefix{} }), GiveWay, 0},
		"it publishes what is in no range":     {publishing(func(v *View) { v.Node.Published = netip.Prefix{} }), LeaveForeign, 0},
		"it does not hold what it publishes":   {publishing(), Adopt, 0},
		"it holds it on no instance":           {publishing(holds, func(v *View) { v.Allocation.Instance = "" }), Adopt, 0},
		"its instance is not known yet":        {publishing(holds, func(v *View) { v.Allocation.Instance, v.Node.Instance = "", "" }), Record, 0},
		"its instance came to be known":        {publishing(holds, func(v *View) { v.Allocation.Instance = "" }), Adopt, 0},
		"it does not hold its IPv6":            {publishing(holds, func(v *View) { v.Node.IPv6 = six }), Adopt, 0},
		"it holds both":                        {publishing(func(v *View) { v.Node.IPv6 = six }, holds), Record, 0},
		"it is on record":                      {publishing(recorded), Look, 0},
		"an operation is under way":            {publishing(recorded, underWay), Wait, 0},
		"it was put back":                      {publishing(recorded, ready, ended), Look, 0},
		"it could not be put back":             {publishing(recorded, ready, failed(cloud.QuotaExceeded)), Refuse, 0},
		"somebody else has its prefix":         {publishing(recorded, failed(cloud.Conflict)), Refuse, 0},
		"its range is gone":                    {publishing(recorded, failed(cloud.NotFound), looked(Interface{})), Refuse, 0},
		"something was not found":              {publishing(recorded, failed(cloud.NotFound)), Look, 0},
		"all is well":                          {publishing(recorded, ready), Done, 0},
		"it was reported a moment ago":         {publishing(recorded, reported), Wait, 0},
		"the reading missed its prefix":        {publishing(recorded, ready, missing), Look, 0},
		"though it was just reported":          {publishing(recorded, reported, missing), Look, 0},
		"its Network cannot be read":           {publishing(recorded, unreadable), Retry, 0},
		"it has no provider ID":                {publishing(recorded, noProviderID), Retry, 0},
		"its instance cannot be read":          {publishing(recorded, looked(Interface{Refused: no})), Refuse, 0},
		"its instance carries it":              {publishing(recorded, looked(Interface{Carries: true})), ReportReady, 0},
		"its instance does not carry it":       {publishing(recorded, looked(Interface{})), PutBack, 0},
		"its interface has other IPv6":         {publishing(recorded, looked(Interface{Carries: true, IPv6Changed: no})), Refuse, 0},

		// Nodes that are observed.
		"nothing of ours attached it":          {publishing(observed), Done, 0},
		"it was not known before":              {publishing(observed, fresh), Look, 0},
		"and its instance carries it":          {publishing(observed, fresh, looked(Interface{Carries: true})), EndObserving, 0},
		"and its instance does not carry it":   {publishing(observed, fresh, looked(Interface{})), Done, 0},
		"and its instance cannot be looked at": {publishing(observed, fresh, looked(Interface{Refused: no})), Done, 0},
		"such Nodes are attached":              {publishing(observed, attaches), Wait, 0},
		"and it is its turn":                   {publishing(observed, turn), Look, 0},
		"and it is not attached":               {publishing(observed, turn, looked(Interface{})), PutBack, 0},
		"and it is attached already":           {publishing(observed, turn, looked(Interface{Carries: true})), EndObserving, 0},
		"and it cannot be looked at":           {publishing(observed, turn, looked(Interface{Refused: no})), Refuse, 0},
		"and its Network cannot be read":       {publishing(observed, turn, unreadable), Done, 0},
		"and it has no provider ID":            {publishing(observed, turn, noProviderID), Done, 0},
	})
}

func TestWhatAnEarlierNodeHeldIsReleased(t *testing.T) {
	t.Parallel()
	if got := Decide(with(holds, func(v *View) { v.Node.UID, v.Allocation.Durable = "2", true })); got.Do != Look {
		t.Errorf("got %s", got)
	}
	if got := Decide(gone(notBegun)); got.Do != BeginRelease {
		t.Errorf("got %s", got)
	}
}
