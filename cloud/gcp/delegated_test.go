package gcp_test

import (
	"net/netip"
	"path"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

// dualStack makes the nodes' subnetwork dual stack, unless it is.
func (w *world) dualStack(access string) {
	w.Helper()
	for _, s := range w.sim.Subnetworks() {
		if s.Name == subnet && !s.IPv6.IsValid() {
			w.must(w.sim.MakeDualStack(project, region, subnet, access))
		}
	}
}

func (w *world) addDual(name string) string {
	w.Helper()
	_, err := w.sim.AddInstance(gcesim.Instance{Project: project, Zone: zone, Name: name,
		Interfaces: []gcesim.Interface{{Subnetwork: subnet, StackType: "IPV4_IPV6"}}})
	w.must(err)
	return w.id(name)
}

func (w *world) ninetySix(id string) netip.Prefix {
	w.Helper()
	i, ok := w.sim.Instance(project, zone, path.Base(id))
	if !ok {
		w.Fatalf("%s is gone", id)
	}
	return i.Interfaces[0].IPv6
}

// The pods' part is the first /112 of the interface's /96, as
// kubernetes/cloud-provider-gcp has it, whether the subnetwork's addresses are
// internal or external.
func TestDelegatedIsTheFirstPartOfTheInterfacesRange(t *testing.T) {
	t.Parallel()
	for _, access := range []string{"INTERNAL", "EXTERNAL"} {
		t.Run(access, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gcesim.Config{})
			w.dualStack(access)
			w.addDual("before")
			id := w.addDual("vm")
			want := netip.PrefixFrom(w.ninetySix(id).Addr(), 112)
			i, err := w.vpc.Interfaces.Get(t.Context(), id)
			w.must(err)
			if i.Delegated != want {
				t.Errorf("delegated %s of %s, want %s", i.Delegated, w.ninetySix(id), want)
			}
			w.Delete(id)
			w.addDual("vm")
			again, err := w.vpc.Interfaces.Get(t.Context(), id)
			w.must(err)
			if again.Delegated == want || !again.Delegated.IsValid() {
				t.Errorf("the machine made anew has %s, as the one before had %s", again.Delegated, want)
			}
		})
	}
}

func TestNoDelegationNamesBothStacksAndTheRemedy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		access string // of the subnetwork, empty for IPv4
		stack  string // of the interface
		want   []string
	}{
		"an IPv4 subnetwork": {"", "", []string{"nic0 is IPV4_ONLY", "us-central1/nodes is IPV4_ONLY", "subnets update nodes --stack-type=IPV4_IPV6"}},
		"an IPv4 machine":    {"INTERNAL", "", []string{"nic0 is IPV4_ONLY", "us-central1/nodes is IPV4_IPV6", "make the interface dual stack"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gcesim.Config{})
			if c.access != "" {
				w.dualStack(c.access)
			}
			err := w.vpc.Interfaces.ExplainNoIPv6(t.Context(), cloud.Interface{Instance: w.AddInstance("vm")})
			for _, part := range append(c.want, "projects/p1/zones/us-central1-a/instances/vm") {
				if !cloud.Is(err, cloud.NotFound) || !strings.Contains(err.Error(), part) {
					t.Errorf("%v does not say %q", err, part)
				}
			}
		})
	}
}
