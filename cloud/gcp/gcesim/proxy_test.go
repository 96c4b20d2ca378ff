package gcesim_test

import (
	"strings"
	"testing"

	rest "google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

// proxySubnet is a request that succeeds until edit spoils it.
func proxySubnet(edit func(*rest.Subnetwork)) *rest.Subnetwork {
	s := &rest.Subnetwork{Name: "proxies", Network: "global/networks/vpc", IpCidrRange: "10.20.0.0/23", Purpose: "REGIONAL_MANAGED_PROXY", Role: "ACTIVE"}
	edit(s)
	return s
}

func TestProxyOnlySubnetIsRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		edit    func(*rest.Subnetwork)
		message string
	}{
		"no role": {func(s *rest.Subnetwork) { s.Role = "" },
			"Invalid value for field 'resource.role': 'UNSPECIFIED_ROLE'. Subnetwork role must be specified when purpose set to REGIONAL_MANAGED_PROXY."},
		"a role without the purpose": {func(s *rest.Subnetwork) { s.Purpose = "" }, "role cannot be specified"},
		"an unknown purpose":         {func(s *rest.Subnetwork) { s.Purpose = "PROXY" }, "Unknown purpose"},
		"a secondary range": {func(s *rest.Subnetwork) {
			s.SecondaryIpRanges = []*rest.SubnetworkSecondaryRange{secondary("a", "10.21.0.0/24")}
		}, "Invalid field set in subnetwork with purpose REGIONAL_MANAGED_PROXY."},
		"private access":         {func(s *rest.Subnetwork) { s.PrivateIpGoogleAccess = true }, "Invalid field set in subnetwork"},
		"smaller than /26":       {func(s *rest.Subnetwork) { s.IpCidrRange = "10.20.0.0/27" }, "at most 26"},
		"overlap in the network": {func(s *rest.Subnetwork) { s.IpCidrRange = "10.4.8.0/23" }, "conflicts with existing subnetwork 'nodes'"},
		"a second active one":    {func(s *rest.Subnetwork) { s.Name, s.IpCidrRange = "more", "10.22.0.0/23" }, "active subnetwork"},
		"active by the older name": {func(s *rest.Subnetwork) {
			s.Name, s.IpCidrRange, s.Purpose = "more", "10.22.0.0/23", "INTERNAL_HTTPS_LOAD_BALANCER"
		}, "active subnetwork"},
		"a role that there is none": {func(s *rest.Subnetwork) { s.Role = "SPARE" }, "role must be specified"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gcesim.Config{Instant: true})
			if strings.Contains(name, "active") { // the first one is still being made
				w.sim.SetLatency("subnetworks.insert", minute)
				_, err := w.rest.Subnetworks.Insert(projectID, region, proxySubnet(func(*rest.Subnetwork) {})).Context(w.ctx).Do()
				w.must(err)
			}
			_, err := w.rest.Subnetworks.Insert(projectID, region, proxySubnet(tc.edit)).Context(w.ctx).Do()
			code, reason, message := failure(err)
			if code != 400 || reason != "invalid" || !strings.Contains(message, tc.message) {
				t.Errorf("got %d %s: %s", code, reason, message)
			}
		})
	}
}

func TestProxyOnlySubnetLives(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	insert := func(edit func(*rest.Subnetwork)) {
		t.Helper()
		_, err := w.rest.Subnetworks.Insert(projectID, region, proxySubnet(edit)).Context(w.ctx).Do()
		w.must(err)
	}
	refused := func(err error, text string) {
		t.Helper()
		if code, _, message := failure(err); code != 400 || !strings.Contains(message, text) {
			t.Errorf("got %v, want %q", err, text)
		}
	}
	insert(func(*rest.Subnetwork) {})
	insert(func(s *rest.Subnetwork) { s.Name, s.IpCidrRange, s.Role = "backup", "10.22.0.0/23", "BACKUP" })
	insert(func(s *rest.Subnetwork) {
		s.Name, s.IpCidrRange, s.Purpose = "global", "10.24.0.0/23", "GLOBAL_MANAGED_PROXY" // another place
	})

	_, err := w.sim.AddInstance(gcesim.Instance{Project: projectID, Zone: zone, Name: "vm", Interfaces: []gcesim.Interface{{Subnetwork: "proxies"}}})
	if err == nil || !strings.Contains(err.Error(), "Subnetwork must have purpose=PRIVATE") {
		t.Errorf("a VM in a proxy-only subnetwork: %v", err)
	}
	_, err = w.rest.Addresses.Insert(projectID, region, &rest.Address{Name: "a", AddressType: "INTERNAL", Subnetwork: "regions/us-central1/subnetworks/proxies"}).Context(w.ctx).Do()
	refused(err, "purpose=PRIVATE")
	_, err = w.rest.Subnetworks.ExpandIpCidrRange(projectID, region, "proxies", &rest.SubnetworksExpandIpCidrRangeRequest{IpCidrRange: "10.20.0.0/22"}).Context(w.ctx).Do()
	refused(err, "cannot be expanded")
	patch := func(name string, body *rest.Subnetwork) error {
		sub, err := w.rest.Subnetworks.Get(projectID, region, name).Context(w.ctx).Do()
		w.must(err)
		body.Fingerprint = sub.Fingerprint
		_, err = w.rest.Subnetworks.Patch(projectID, region, name, body).Context(w.ctx).Do()
		return err
	}
	refused(patch("proxies", &rest.Subnetwork{SecondaryIpRanges: []*rest.SubnetworkSecondaryRange{secondary("a", "10.30.0.0/24")}}), "Invalid field set")
	refused(patch("proxies", &rest.Subnetwork{Role: "BACKUP"}), "BACKUP to ACTIVE only")
	w.must(patch("backup", &rest.Subnetwork{Role: "ACTIVE"}))
	for name, role := range map[string]string{"backup": "ACTIVE", "proxies": "BACKUP", "global": "ACTIVE"} {
		sub, err := w.rest.Subnetworks.Get(projectID, region, name).Context(w.ctx).Do()
		w.must(err)
		if sub.Role != role {
			t.Errorf("%s is %s, want %s", name, sub.Role, role)
		}
	}
	w.must(w.sim.UseProxySubnetwork(projectID, region, "backup"))
	_, err = w.rest.Subnetworks.Delete(projectID, region, "backup").Context(w.ctx).Do()
	refused(err, "already being used by 'projects/p1/regions/us-central1/forwardingRules/")
	_, err = w.rest.Subnetworks.Delete(projectID, region, "proxies").Context(w.ctx).Do()
	w.must(err)
}
