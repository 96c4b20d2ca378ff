package gcesim_test

import (
	"fmt"
	"strings"
	"testing"

	rest "google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

func firewallRule(edit func(*rest.Firewall)) *rest.Firewall {
	f := &rest.Firewall{
		Name: "pods", Network: "global/networks/vpc", SourceRanges: []string{"10.4.0.0/14"}, Allowed: []*rest.FirewallAllowed{{IPProtocol: "tcp", Ports: []string{"80", "8000-8080"}}},
	}
	edit(f)
	return f
}

func TestFirewallIsRefused(t *testing.T) {
	t.Parallel()
	many := make([]string, 5001)
	for i := range many {
		many[i] = fmt.Sprintf("10.%d.%d.0/24", i/256, i%256)
	}
	denied := []*rest.FirewallDenied{{IPProtocol: "all"}}
	for name, tc := range map[string]struct {
		edit    func(*rest.Firewall)
		message string
	}{
		"allowed and denied":         {func(f *rest.Firewall) { f.Denied = denied }, "Only one of allowed and denied"},
		"neither":                    {func(f *rest.Firewall) { f.Allowed = nil }, "must be specified"},
		"both families":              {func(f *rest.Firewall) { f.SourceRanges = append(f.SourceRanges, "fd00::/64") }, "both IPv4 and IPv6"},
		"families of the two sides":  {func(f *rest.Firewall) { f.DestinationRanges = []string{"fd00::/64"} }, "both IPv4 and IPv6"},
		"5001 ranges":                {func(f *rest.Firewall) { f.SourceRanges = many }, "at most 5000 ranges"},
		"host bits":                  {func(f *rest.Firewall) { f.SourceRanges = []string{"10.4.0.1/14"} }, "Must be a valid CIDR address range."},
		"priority 65536":             {func(f *rest.Firewall) { f.Priority = 65536 }, "between 0 and 65535"},
		"ports of everything":        {func(f *rest.Firewall) { f.Allowed[0].IPProtocol = "all" }, "Ports may only be specified for"},
		"an unknown protocol":        {func(f *rest.Firewall) { f.Allowed[0].IPProtocol = "quic" }, "Must be one of"},
		"ports backwards":            {func(f *rest.Firewall) { f.Allowed[0].Ports = []string{"90-80"} }, "ranges of them"},
		"tags with service accounts": {func(f *rest.Firewall) { f.SourceTags, f.TargetServiceAccounts = []string{"a"}, []string{"b"} }, "in the same rule"},
		"sources of what goes out":   {func(f *rest.Firewall) { f.Direction, f.SourceTags = "EGRESS", []string{"a"} }, "cannot be specified for EGRESS"},
		"a third direction":          {func(f *rest.Firewall) { f.Direction = "SIDEWAYS" }, "INGRESS or EGRESS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gcesim.Config{Instant: true})
			_, err := w.rest.Firewalls.Insert(projectID, firewallRule(tc.edit)).Context(w.ctx).Do()
			if code, reason, message := failure(err); code != 400 || reason != "invalid" || !strings.Contains(message, tc.message) {
				t.Errorf("got %d %s: %s", code, reason, message)
			}
		})
	}
}

func TestFirewallLives(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true, Quotas: map[string]int{gcesim.QuotaFirewalls: 2}})
	insert := func(edit func(*rest.Firewall)) error {
		_, err := w.rest.Firewalls.Insert(projectID, firewallRule(edit)).Context(w.ctx).Do()
		return err
	}
	want := func(err error, code int, reason string) {
		t.Helper()
		if c, r, _ := failure(err); c != code || r != reason {
			t.Errorf("got %v, want %d %s", err, code, reason)
		}
	}
	get := func(name string) *rest.Firewall {
		t.Helper()
		f, err := w.rest.Firewalls.Get(projectID, name).Context(w.ctx).Do()
		w.must(err)
		return f
	}
	w.must(insert(func(*rest.Firewall) {}))
	if f := get("pods"); f.Priority != 1000 || f.Direction != "INGRESS" || f.Disabled {
		t.Errorf("defaults: %+v", f)
	}
	want(insert(func(*rest.Firewall) {}), 409, "alreadyExists")
	want(insert(func(f *rest.Firewall) { f.Name, f.Network = "x", "global/networks/none" }), 404, "notFound")
	w.must(insert(func(f *rest.Firewall) { f.Name, f.SourceRanges = "open", nil }))
	if f := get("open"); fmt.Sprint(f.SourceRanges) != "[0.0.0.0/0]" {
		t.Errorf("a rule without sources is for %v", f.SourceRanges)
	}
	want(insert(func(f *rest.Firewall) { f.Name = "third" }), 403, "quotaExceeded")

	patch := func(body *rest.Firewall) error {
		_, err := w.rest.Firewalls.Patch(projectID, "pods", body).Context(w.ctx).Do()
		return err
	}
	w.must(patch(&rest.Firewall{TargetTags: []string{"web"}, Priority: 0, ForceSendFields: []string{"Priority"}}))
	if f := get("pods"); f.Priority != 0 || len(f.TargetTags) != 1 || len(f.SourceRanges) != 1 {
		t.Errorf("a merge patch made %+v", f)
	}
	w.must(patch(&rest.Firewall{ForceSendFields: []string{"TargetTags"}}))
	if f := get("pods"); len(f.TargetTags) != 0 {
		t.Errorf("an empty list left %v", f.TargetTags)
	}
	want(patch(&rest.Firewall{Direction: "EGRESS"}), 400, "invalid")
	want(patch(&rest.Firewall{Denied: []*rest.FirewallDenied{{IPProtocol: "tcp"}}}), 400, "invalid") // still allowed
	w.must(patch(&rest.Firewall{Denied: []*rest.FirewallDenied{{IPProtocol: "tcp"}}, ForceSendFields: []string{"Allowed"}}))
	_, err := w.rest.Firewalls.Delete(projectID, "none").Context(w.ctx).Do()
	want(err, 404, "notFound")
	w.must(w.sim.AddNetwork(gcesim.Network{Project: projectID, Name: "empty"}))
	_, err = w.rest.Firewalls.Delete(projectID, "open").Context(w.ctx).Do()
	w.must(err)
	w.must(insert(func(f *rest.Firewall) { f.Name, f.Network = "other", "global/networks/empty" }))
	_, err = w.rest.Networks.Delete(projectID, "empty").Context(w.ctx).Do()
	want(err, 400, "resourceInUseByAnotherResource")
}
