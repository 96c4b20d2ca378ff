package gcp_test

import (
	"errors"
	"net/netip"
	"slices"
	"testing"

	compute "google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud/cloudtest"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// TestCommandsForTheAdminAreExact: in a VPC whose firewall is another project's.
func TestCommandsForTheAdminAreExact(t *testing.T) {
	t.Parallel()
	w := newBalanced(t)
	b := shop("web")
	at := w.made(b)[0].Address.String()
	w.sim.Inject(gcesim.Fault{Method: "firewalls.patch", Error: forbidden})
	w.sim.Inject(gcesim.Fault{Method: "firewalls.delete", Error: forbidden})
	commands := func(err error) (out []string) {
		many, ok := err.(interface{ Unwrap() []error })
		if !ok {
			t.Fatalf("got %v", err)
		}
		for _, one := range many.Unwrap() {
			admin, ok := errors.AsType[*lb.NeedsAdmin](one)
			if !ok {
				t.Fatalf("got %v", one)
			}
			out = append(out, admin.Command)
		}
		return out
	}
	rule := b.Owner.RoleName("w4")
	const update = "gcloud compute firewall-rules update "
	for _, c := range []struct {
		name string
		edit func(*lb.LoadBalancer)
		hand *compute.Firewall
		want string
	}{
		{name: "sources", edit: func(b *lb.LoadBalancer) { b.AllowedSources = []netip.Prefix{prefix("192.0.2.0/24")} }, want: " --rules=tcp:80 --priority=1000 --source-ranges=192.0.2.0/24 --destination-ranges=" + at + "/32"},
		{name: "ports", edit: listens(443, 8443), want: " --rules=tcp:443,tcp:8443 --priority=1000 --source-ranges=0.0.0.0/0 --destination-ranges=" + at + "/32"},
		{name: "turned off", hand: &compute.Firewall{Disabled: true, TargetTags: []string{"x"}}, want: " --rules=tcp:80 --priority=1000 --source-ranges=0.0.0.0/0 --destination-ranges=" + at + "/32 --target-tags= --no-disabled"},
	} {
		now := shop("web")
		if c.edit != nil {
			c.edit(&now)
		}
		got := w.read()
		if c.hand != nil { // as it would be read
			r := got[lb.Ref{Kind: "firewall", Scope: lb.Global, Name: rule}]
			r.Fields["disabled"], r.Fields["targetTags"] = []string{"true"}, c.hand.TargetTags
			got[r.Ref] = r
			w.must(w.sim.AddFirewall(gcesim.Firewall{Project: project, Name: rule, Network: "vpc", Description: b.Owner.Description(), Disabled: true, TargetTags: []string{"x"},
				Protocols: []string{"tcp:80"}, Sources: []netip.Prefix{prefix("0.0.0.0/0")}, Destinations: []netip.Prefix{prefix(at + "/32")}}))
		}
		want, err := w.balancers.Want(cloudtest.On(now, w.set), got)
		w.must(err)
		plan := lb.Plan(w.balancers.Rules(), got, lb.Goal{Owner: b.Owner, Want: want})
		plan = slices.DeleteFunc(plan, func(a lb.Action) bool { return a.Kind != "firewall" })
		for i := range plan {
			plan[i].Needs = nil
		}
		if said := commands(lb.Run(t.Context(), w.balancers, plan, got)); len(said) != 1 || said[0] != update+rule+" --project="+project+c.want {
			t.Errorf("%s: %q", c.name, said)
		}
	}
	got := w.read()
	said := commands(lb.Run(t.Context(), w.balancers, lb.Plan(w.balancers.Rules(), got, lb.Goal{Owner: b.Owner}), got))
	if want := "gcloud compute firewall-rules delete " + rule + " --project=" + project + " --quiet"; len(said) != 1 || said[0] != want {
		t.Errorf("%q, want %q", said, want)
	}
}

var forbidden = &gcesim.APIError{Status: 403, Reason: "forbidden", Message: "Required 'compute.firewalls.update' permission"}
