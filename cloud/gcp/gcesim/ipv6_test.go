package gcesim_test

import (
	"net/netip"
	"strings"
	"testing"

	rest "google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

const dual = "IPV4_IPV6"

// dualWorld is a world whose network "six" has internal IPv6, with dual-stack
// subnetworks "inside" and "outside" and an IPv4 one, "four".
func dualWorld(t *testing.T) *world {
	w := newWorld(t, gcesim.Config{Instant: true})
	w.must(w.sim.AddNetwork(gcesim.Network{Project: projectID, Name: "six", ULA: true}))
	for name, s := range map[string]gcesim.Subnetwork{
		"inside":  {Primary: pfx("10.1.0.0/24"), IPv6Access: "INTERNAL"},
		"outside": {Primary: pfx("10.2.0.0/24"), IPv6Access: "EXTERNAL"},
		"four":    {Primary: pfx("10.3.0.0/24")},
	} {
		s.Project, s.Region, s.Name, s.Network = projectID, region, name, "six"
		w.must(w.sim.AddSubnetwork(s))
	}
	return w
}

func (w *world) subnet(name string) gcesim.Subnetwork {
	w.t.Helper()
	for _, s := range w.sim.Subnetworks() {
		if s.Name == name {
			return s
		}
	}
	w.t.Fatalf("there is no subnetwork %s", name)
	return gcesim.Subnetwork{}
}

func (w *world) nic(name string) *rest.NetworkInterface {
	w.t.Helper()
	i, err := w.rest.Instances.Get(projectID, zone, name).Context(w.ctx).Do()
	w.must(err)
	return i.NetworkInterfaces[0]
}

func (w *world) insert(name string, nic rest.NetworkInterface) error {
	nic.Subnetwork = "regions/us-central1/subnetworks/" + nic.Subnetwork
	_, err := w.rest.Instances.Insert(projectID, zone, &rest.Instance{Name: name, NetworkInterfaces: []*rest.NetworkInterface{&nic}}).Context(w.ctx).Do()
	return err
}

func TestDualStackSubnetworksOwnASixtyFour(t *testing.T) {
	t.Parallel()
	w := dualWorld(t)
	in, out, four := w.subnet("inside").IPv6, w.subnet("outside").IPv6, w.subnet("four").IPv6
	if in.Bits() != 64 || !pfx("fd20::/20").Overlaps(in) || out.Bits() != 64 || !pfx("2000::/3").Overlaps(out) || four.IsValid() {
		t.Errorf("inside %v, outside %v, four %v", in, out, four)
	}
	got, err := w.rest.Subnetworks.Get(projectID, region, "inside").Do()
	w.must(err)
	if got.InternalIpv6Prefix != in.String() || got.ExternalIpv6Prefix != "" || got.StackType != dual || got.Ipv6AccessType != "INTERNAL" {
		t.Errorf("inside reads %+v", got)
	}
	routes, err := w.rest.Routes.List(projectID).Do()
	w.must(err)
	found := 0
	for _, r := range routes.Items {
		if r.DestRange == in.String() || r.DestRange == out.String() {
			found++
		}
	}
	if found != 2 {
		t.Errorf("%d local routes to the /64s, want 2", found)
	}
}

func TestASubnetworksStackIsRefused(t *testing.T) {
	t.Parallel()
	six, vpc := "global/networks/six", "global/networks/vpc"
	for name, tc := range map[string]struct {
		in      rest.Subnetwork
		message string
	}{
		"dual stack without an access type":        {rest.Subnetwork{Network: six, StackType: dual}, "needs an access type"},
		"an access type for IPv4 only":             {rest.Subnetwork{Network: six, Ipv6AccessType: "INTERNAL"}, "is for subnetworks with stackType"},
		"internal where the network has no ULA":    {rest.Subnetwork{Network: vpc, StackType: dual, Ipv6AccessType: "INTERNAL"}, "no ULA internal IPv6 range"},
		"IPv6 only, which is not modelled":         {rest.Subnetwork{Network: six, StackType: "IPV6_ONLY", Ipv6AccessType: "INTERNAL"}, "simulator knows"},
		"dual stack in an auto mode network":       {rest.Subnetwork{Network: "global/networks/auto", StackType: dual, Ipv6AccessType: "EXTERNAL"}, "auto mode"},
		"an access type that there is not":         {rest.Subnetwork{Network: six, StackType: dual, Ipv6AccessType: "BOTH"}, "needs an access type"},
		"external needs no ULA, and is no refusal": {rest.Subnetwork{Network: vpc, StackType: dual, Ipv6AccessType: "EXTERNAL"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := dualWorld(t)
			w.must(w.sim.AddNetwork(gcesim.Network{Project: projectID, Name: "auto", Auto: true}))
			tc.in.Name, tc.in.IpCidrRange = "new", "10.9.0.0/24"
			_, err := w.rest.Subnetworks.Insert(projectID, region, &tc.in).Do()
			code, reason, message := failure(err)
			if tc.message == "" && err == nil {
				return
			}
			if code != 400 || reason != "invalid" || !strings.Contains(message, tc.message) {
				t.Errorf("got %v, want %q", err, tc.message)
			}
		})
	}
}

func TestASubnetworkBecomesDualStackOnce(t *testing.T) {
	t.Parallel()
	w := dualWorld(t)
	patch := func(body rest.Subnetwork) error {
		now, err := w.rest.Subnetworks.Get(projectID, region, "four").Do()
		w.must(err)
		body.Fingerprint = now.Fingerprint
		_, err = w.rest.Subnetworks.Patch(projectID, region, "four", &body).Do()
		return err
	}
	if _, _, m := failure(patch(rest.Subnetwork{StackType: dual})); !strings.Contains(m, "needs an access type") {
		t.Errorf("without an access type: %q", m)
	}
	w.must(patch(rest.Subnetwork{StackType: dual, Ipv6AccessType: "EXTERNAL"}))
	was := w.subnet("four").IPv6
	for _, body := range []rest.Subnetwork{{Ipv6AccessType: "INTERNAL"}, {StackType: "IPV4_ONLY"}} {
		if code, _, m := failure(patch(body)); code != 400 || !strings.Contains(m, "cannot be modified") {
			t.Errorf("%+v gave %d %q", body, code, m)
		}
	}
	if now := w.subnet("four"); now.IPv6 != was || !was.IsValid() || now.IPv6Access != "EXTERNAL" {
		t.Errorf("it was %v, and is %+v", was, now)
	}
}

func TestAnInterfacesStackDecidesOnItsNinetySix(t *testing.T) {
	t.Parallel()
	direct := []*rest.AccessConfig{{Type: "DIRECT_IPV6"}}
	for name, tc := range map[string]struct {
		nic     rest.NetworkInterface
		message string // of a refusal
		has     bool
	}{
		"IPv4 only in a dual-stack subnetwork":          {rest.NetworkInterface{Subnetwork: "inside"}, "", false},
		"dual stack, internal":                          {rest.NetworkInterface{Subnetwork: "inside", StackType: dual}, "", true},
		"dual stack, external":                          {rest.NetworkInterface{Subnetwork: "outside", StackType: dual, Ipv6AccessConfigs: direct}, "", true},
		"external without an access configuration":      {rest.NetworkInterface{Subnetwork: "outside", StackType: dual}, "", false},
		"dual stack in an IPv4 subnetwork":              {rest.NetworkInterface{Subnetwork: "four", StackType: dual}, "has no IPv6 range", false},
		"an address for IPv4 only":                      {rest.NetworkInterface{Subnetwork: "inside", Ipv6Address: "fd20::1"}, "are for interfaces with stackType", false},
		"external access in an internal subnetwork":     {rest.NetworkInterface{Subnetwork: "inside", StackType: dual, Ipv6AccessConfigs: direct}, "External IPv6 access is not possible", false},
		"an address outside the subnetwork's":           {rest.NetworkInterface{Subnetwork: "inside", StackType: dual, Ipv6Address: "fd30::"}, "first address of a /96", false},
		"IPv6 only, which is not modelled":              {rest.NetworkInterface{Subnetwork: "inside", StackType: "IPV6_ONLY"}, "simulator knows", false},
		"two access configurations":                     {rest.NetworkInterface{Subnetwork: "outside", StackType: dual, Ipv6AccessConfigs: append(direct, direct...)}, "At most one", false},
		"an access configuration of the IPv4 kind":      {rest.NetworkInterface{Subnetwork: "outside", StackType: dual, Ipv6AccessConfigs: []*rest.AccessConfig{{Type: "ONE_TO_ONE_NAT"}}}, "DIRECT_IPV6", false},
		"an internal address in an external subnetwork": {rest.NetworkInterface{Subnetwork: "outside", StackType: dual, Ipv6Address: "fd20::"}, "has external IPv6", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := dualWorld(t)
			err := w.insert("vm", tc.nic)
			if tc.message != "" {
				if code, _, m := failure(err); code != 400 || !strings.Contains(m, tc.message) {
					t.Errorf("got %v, want %q", err, tc.message)
				}
				return
			}
			w.must(err)
			of, got := w.subnet(tc.nic.Subnetwork[strings.LastIndex(tc.nic.Subnetwork, "/")+1:]).IPv6, w.vm("vm").Interfaces[0].IPv6
			if got.IsValid() != tc.has || tc.has && (got.Bits() != 96 || !of.Overlaps(got)) {
				t.Errorf("it has %v of %v, want one: %v", got, of, tc.has)
			}
		})
	}
}

func (w *world) vm(name string) gcesim.Instance {
	w.t.Helper()
	i, ok := w.sim.Instance(projectID, zone, name)
	if !ok {
		w.t.Fatalf("there is no VM %s", name)
	}
	return i
}

// The reference splits a range into its first address and its length, in
// other fields for internal than for external ones.
func TestWhereAnInterfaceShowsItsIPv6(t *testing.T) {
	t.Parallel()
	w := dualWorld(t)
	w.must(w.insert("in", rest.NetworkInterface{Subnetwork: "inside", StackType: dual}))
	w.must(w.insert("out", rest.NetworkInterface{Subnetwork: "outside", StackType: dual, Ipv6AccessConfigs: []*rest.AccessConfig{{Type: "DIRECT_IPV6"}}}))
	in, out := w.nic("in"), w.nic("out")
	if in.Ipv6Address != w.vm("in").Interfaces[0].IPv6.Addr().String() || in.InternalIpv6PrefixLength != 96 || in.Ipv6AccessType != "INTERNAL" || len(in.Ipv6AccessConfigs) > 0 {
		t.Errorf("inside: %+v", in)
	}
	if out.Ipv6Address != "" || out.InternalIpv6PrefixLength != 0 || out.Ipv6AccessType != "EXTERNAL" || len(out.Ipv6AccessConfigs) != 1 ||
		out.Ipv6AccessConfigs[0].ExternalIpv6 != w.vm("out").Interfaces[0].IPv6.Addr().String() || out.Ipv6AccessConfigs[0].ExternalIpv6PrefixLength != 96 {
		t.Errorf("outside: %+v", out)
	}
}

func TestARecreatedInstanceGetsAnotherNinetySix(t *testing.T) {
	t.Parallel()
	w := dualWorld(t)
	seen := map[netip.Prefix]bool{}
	for range 3 {
		w.must(w.insert("vm", rest.NetworkInterface{Subnetwork: "inside", StackType: dual}))
		seen[w.vm("vm").Interfaces[0].IPv6] = true
		w.must(w.sim.DeleteInstance(projectID, zone, "vm"))
	}
	if len(seen) != 3 {
		t.Errorf("it had %v", seen)
	}
	var first netip.Prefix
	for p := range seen {
		first = p
	}
	ask := rest.NetworkInterface{Subnetwork: "inside", StackType: dual, Ipv6Address: first.Addr().String()}
	w.must(w.insert("a", ask)) // what was given back may be asked for
	op, err := w.rest.Instances.Insert(projectID, zone, &rest.Instance{Name: "b", NetworkInterfaces: []*rest.NetworkInterface{
		{Subnetwork: "regions/us-central1/subnetworks/inside", StackType: dual, Ipv6Address: first.Addr().String()}}}).Do()
	w.must(err)
	if op.Error == nil || op.Error.Errors[0].Code != "IP_IN_USE_BY_ANOTHER_RESOURCE" {
		t.Errorf("the same /96 twice: %+v", op)
	}
}

func TestUpdateNetworkInterfaceChangesTheStack(t *testing.T) {
	t.Parallel()
	w := dualWorld(t)
	w.must(w.insert("vm", rest.NetworkInterface{Subnetwork: "inside"}))
	w.must(w.insert("four", rest.NetworkInterface{Subnetwork: "four"}))
	update := func(vm string, body rest.NetworkInterface) error {
		body.Fingerprint = w.nic(vm).Fingerprint
		_, err := w.rest.Instances.UpdateNetworkInterface(projectID, zone, vm, "nic0", &body).Do()
		return err
	}
	old := w.nic("vm").Fingerprint
	w.must(update("vm", rest.NetworkInterface{StackType: dual}))
	if got := w.vm("vm").Interfaces[0]; got.IPv6.Bits() != 96 || got.StackType != dual || got.Fingerprint == old {
		t.Errorf("made dual stack it reads %+v", got)
	}
	w.must(update("vm", rest.NetworkInterface{StackType: "IPV4_ONLY"}))
	if got := w.vm("vm").Interfaces[0]; got.IPv6.IsValid() || got.StackType != "IPV4_ONLY" {
		t.Errorf("made IPv4 only it reads %+v", got)
	}
	for name, c := range map[string]struct {
		vm   string
		body rest.NetworkInterface
		text string
	}{
		"in an IPv4 subnetwork":    {"four", rest.NetworkInterface{StackType: dual}, "has no IPv6 range"},
		"with alias ranges":        {"vm", rest.NetworkInterface{StackType: dual, AliasIpRanges: []*rest.AliasIpRange{{IpCidrRange: "/28"}}}, "Updating this field is not supported"},
		"the address by itself":    {"vm", rest.NetworkInterface{Ipv6Address: "fd20::"}, "Updating this field is not supported"},
		"IPv6 alias ranges at all": {"vm", rest.NetworkInterface{AliasIpv6Ranges: []*rest.AliasIpRange{{IpCidrRange: "/112"}}}, "Updating this field is not supported"},
	} {
		if code, _, m := failure(update(c.vm, c.body)); code != 400 || !strings.Contains(m, c.text) {
			t.Errorf("%s: %d %q", name, code, m)
		}
	}
}
