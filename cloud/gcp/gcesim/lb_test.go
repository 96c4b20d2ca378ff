package gcesim_test

import (
	"fmt"
	"strings"
	"testing"

	rest "google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

const base = "https://www.googleapis.com/compute/v1/projects/p1/"

// balanced is a world with one of each: VM "vm" in NEG "neg" and group "ig",
// check "hc", backend services "bs" of the NEG and "bs-ig" of the group,
// address "ip", and rule "fr" of it on port 80.
type balanced struct{ *world }

func newBalanced(t *testing.T) *balanced {
	t.Helper()
	w := &balanced{newWorld(t, gcesim.Config{Instant: true})}
	w.addVM("vm")
	w.must(w.check("hc"))
	w.must(w.neg("neg", nil))
	w.must(w.attach("neg", &rest.NetworkEndpoint{Instance: "vm"}))
	w.must(w.group("ig", "vm"))
	w.must(w.backend("bs", negURL("neg")))
	w.must(w.backend("bs-ig", groupURL("ig")))
	_, err := w.rest.Addresses.Insert(projectID, region, &rest.Address{Name: "ip", AddressType: "INTERNAL", Purpose: "SHARED_LOADBALANCER_VIP", Subnetwork: subnetPath}).Do()
	w.must(err)
	w.must(w.rule("fr", func(r *rest.ForwardingRule) { r.IPAddress = "regions/us-central1/addresses/ip" }))
	return w
}

const subnetPath = "projects/p1/regions/us-central1/subnetworks/nodes"

func negURL(name string) string   { return base + "zones/" + zone + "/networkEndpointGroups/" + name }
func groupURL(name string) string { return base + "zones/" + zone + "/instanceGroups/" + name }

func (w *balanced) check(name string, edits ...func(*rest.HealthCheck)) error {
	h := &rest.HealthCheck{Name: name, Type: "TCP", TcpHealthCheck: &rest.TCPHealthCheck{Port: 80}}
	for _, edit := range edits {
		edit(h)
	}
	_, err := w.rest.RegionHealthChecks.Insert(projectID, region, h).Do()
	return err
}

func (w *balanced) neg(name string, edit func(*rest.NetworkEndpointGroup)) error {
	n := &rest.NetworkEndpointGroup{Name: name, NetworkEndpointType: "GCE_VM_IP", Subnetwork: subnetPath}
	if edit != nil {
		edit(n)
	}
	_, err := w.rest.NetworkEndpointGroups.Insert(projectID, zone, n).Do()
	return err
}

func (w *balanced) attach(name string, list ...*rest.NetworkEndpoint) error {
	_, err := w.rest.NetworkEndpointGroups.AttachNetworkEndpoints(projectID, zone, name, &rest.NetworkEndpointGroupsAttachEndpointsRequest{NetworkEndpoints: list}).Do()
	return err
}

func (w *balanced) group(name string, members ...string) error {
	if _, err := w.rest.InstanceGroups.Insert(projectID, zone, &rest.InstanceGroup{Name: name}).Do(); err != nil {
		return err
	}
	return w.join(name, members...)
}

func (w *balanced) join(name string, members ...string) error {
	in := &rest.InstanceGroupsAddInstancesRequest{}
	for _, m := range members {
		in.Instances = append(in.Instances, &rest.InstanceReference{Instance: base + "zones/" + zone + "/instances/" + m})
	}
	_, err := w.rest.InstanceGroups.AddInstances(projectID, zone, name, in).Do()
	return err
}

func (w *balanced) backend(name string, groups ...string) error {
	b := &rest.BackendService{Name: name, LoadBalancingScheme: "INTERNAL", Protocol: "TCP", Network: "projects/p1/global/networks/vpc",
		HealthChecks: []string{"projects/p1/regions/us-central1/healthChecks/hc"}}
	for _, g := range groups {
		b.Backends = append(b.Backends, &rest.Backend{Group: g, BalancingMode: "CONNECTION"})
	}
	_, err := w.rest.RegionBackendServices.Insert(projectID, region, b).Do()
	return err
}

func (w *balanced) rule(name string, edits ...func(*rest.ForwardingRule)) error {
	r := &rest.ForwardingRule{Name: name, LoadBalancingScheme: "INTERNAL", IPProtocol: "TCP", Ports: []string{"80"},
		BackendService: "projects/p1/regions/us-central1/backendServices/bs", Network: "projects/p1/global/networks/vpc", Subnetwork: subnetPath}
	for _, edit := range edits {
		edit(r)
	}
	_, err := w.rest.ForwardingRules.Insert(projectID, region, r).Do()
	return err
}

// done forgets what a call answers with.
func done[T any](_ T, err error) error { return err }

func TestBalancingIsAsStrictAsTheAPI(t *testing.T) {
	t.Parallel()
	shared := func(r *rest.ForwardingRule) { r.IPAddress = "regions/us-central1/addresses/ip" }
	for name, c := range map[string]struct {
		do   func(*balanced) error
		want string // status and reason
		says string
	}{
		"a check in use stays": {func(w *balanced) error { return done(w.rest.RegionHealthChecks.Delete(projectID, region, "hc").Do()) }, inUse, "being used by"},
		"a backend service in use stays": {func(w *balanced) error {
			return done(w.rest.RegionBackendServices.Delete(projectID, region, "bs").Do())
		}, inUse, "forwardingRules/fr"},
		"an endpoint group in use stays": {func(w *balanced) error { return done(w.rest.NetworkEndpointGroups.Delete(projectID, zone, "neg").Do()) }, inUse, "backendServices/bs"},
		"an instance group in use stays": {func(w *balanced) error { return done(w.rest.InstanceGroups.Delete(projectID, zone, "ig").Do()) }, inUse, "backendServices/bs-ig"},
		"an address in use stays":        {func(w *balanced) error { return done(w.rest.Addresses.Delete(projectID, region, "ip").Do()) }, inUse, "forwardingRules/fr"},
		"a name of 64 characters":        {func(w *balanced) error { return w.check(strings.Repeat("a", 64)) }, "400 invalid", ""},
		"a name of 63 characters":        {func(w *balanced) error { return w.check(strings.Repeat("a", 63)) }, "", ""},
		"a name twice":                   {func(w *balanced) error { return w.check("hc") }, "409 alreadyExists", ""},
		"a check slower than its pace":   {func(w *balanced) error { return w.check("x", func(h *rest.HealthCheck) { h.TimeoutSec = 9 }) }, "400 invalid", "checkIntervalSec"},
		"a rule's ports are fixed":       {patchRule(&rest.ForwardingRule{Ports: []string{"81"}}), "400 invalid", "cannot be modified"},
		"a rule's address is fixed":      {patchRule(&rest.ForwardingRule{IPAddress: "10.0.0.99"}), "400 invalid", "cannot be modified"},
		"a rule's global access is not":  {patchRule(&rest.ForwardingRule{AllowGlobalAccess: true}), "", ""},
		"a backend's scheme is fixed":    {patchBackend(func(b *rest.BackendService) { b.LoadBalancingScheme = "EXTERNAL" }), "400 invalid", ""},
		"a used backend's protocol too":  {patchBackend(func(b *rest.BackendService) { b.Protocol = "UDP" }), "400 invalid", "forwarding rule"},
		"an old fingerprint":             {patchBackend(func(b *rest.BackendService) { b.Fingerprint = "AAAAAAAAAAA=" }), "412 conditionNotMet", ""},
		"a backend by a partial URL":     {func(w *balanced) error { return w.backend("x", "projects/p1/zones/"+zone+"/networkEndpointGroups/neg") }, "400 invalid", "fully-qualified"},
		"backends of two kinds":          {func(w *balanced) error { return w.backend("x", negURL("neg"), groupURL("ig")) }, "400 invalid", "same kind"},
		"a backend twice":                {func(w *balanced) error { return w.backend("x", negURL("neg"), negURL("neg")) }, "400 invalid", "Duplicate"},
		"51 backends":                    {func(w *balanced) error { return w.backend("x", manyGroups(w, 51)...) }, "400 invalid", "50"},
		"six ports":                      {func(w *balanced) error { return w.rule("x", ports("1", "2", "3", "4", "5", "6")) }, "400 invalid", ""},
		"ports and all ports":            {func(w *balanced) error { return w.rule("x", func(r *rest.ForwardingRule) { r.AllPorts = true }) }, "400 invalid", ""},
		"UDP to a service of TCP":        {func(w *balanced) error { return w.rule("x", func(r *rest.ForwardingRule) { r.IPProtocol = "UDP" }) }, "400 invalid", ""},
		"a port that another rule has":   {func(w *balanced) error { return w.rule("x", shared) }, "400 invalid", "port range is conflicting"},
		"another port of the address":    {func(w *balanced) error { return w.rule("x", shared, ports("81")) }, "", ""},
		"an eleventh rule of an address": {elevenRules(shared), "400 invalid", "10"},
		"an address that a VM has":       {func(w *balanced) error { return w.rule("x", func(r *rest.ForwardingRule) { r.IPAddress = "10.0.0.2" }) }, "409 IP_IN_USE_BY_ANOTHER_RESOURCE", ""},
		"an address of another subnet":   {func(w *balanced) error { return w.rule("x", func(r *rest.ForwardingRule) { r.IPAddress = "10.9.0.2" }) }, "400 invalid", ""},
		"GCE_VM_IP with a port":          {func(w *balanced) error { return w.neg("x", func(n *rest.NetworkEndpointGroup) { n.DefaultPort = 80 }) }, "400 invalid", "Default port"},
		"an endpoint with a port":        {func(w *balanced) error { return w.attach("neg", &rest.NetworkEndpoint{Instance: "vm", Port: 80}) }, "400 invalid", "Port"},
		"an endpoint twice":              {func(w *balanced) error { return w.attach("neg", &rest.NetworkEndpoint{Instance: "vm"}) }, "400 invalid", "already attached"},
		"an endpoint of no VM":           {func(w *balanced) error { return w.attach("neg", &rest.NetworkEndpoint{Instance: "gone"}) }, "404 notFound", ""},
		"an address of another VM": {func(w *balanced) error {
			return w.attach("neg", &rest.NetworkEndpoint{Instance: "vm", IpAddress: "10.0.0.77"})
		}, "400 invalid", "doesn't belong"},
		"501 endpoints in a call":         {func(w *balanced) error { return w.attach("neg", manyEndpoints(501)...) }, "400 invalid", "500"},
		"a member twice":                  {func(w *balanced) error { return w.join("ig", "vm") }, "400 memberAlreadyExists", ""},
		"a VM in two groups with backend": {func(w *balanced) error { w.must(w.group("x", "vm")); return w.backend("x", groupURL("x")) }, "400 invalid", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.do(newBalanced(t))
			code, reason, message := failure(err)
			got := ""
			if err != nil {
				got = fmt.Sprintf("%d %s", code, reason)
			}
			if got != c.want || !strings.Contains(message, c.says) {
				t.Errorf("got %q (%v), want %q that says %q", got, err, c.want, c.says)
			}
		})
	}
}

const inUse = "400 resourceInUseByAnotherResource"

func ports(list ...string) func(*rest.ForwardingRule) {
	return func(r *rest.ForwardingRule) { r.Ports = list }
}

func patchRule(r *rest.ForwardingRule) func(*balanced) error {
	return func(w *balanced) error { return done(w.rest.ForwardingRules.Patch(projectID, region, "fr", r).Do()) }
}

func patchBackend(edit func(*rest.BackendService)) func(*balanced) error {
	return func(w *balanced) error {
		now, err := w.rest.RegionBackendServices.Get(projectID, region, "bs").Do()
		w.must(err)
		b := &rest.BackendService{Fingerprint: now.Fingerprint}
		edit(b)
		return done(w.rest.RegionBackendServices.Patch(projectID, region, "bs", b).Do())
	}
}

func manyGroups(w *balanced, n int) (out []string) {
	for i := range n {
		name := fmt.Sprint("neg-", i)
		w.must(w.neg(name, nil))
		out = append(out, negURL(name))
	}
	return out
}

func manyEndpoints(n int) (out []*rest.NetworkEndpoint) {
	for i := range n {
		out = append(out, &rest.NetworkEndpoint{Instance: fmt.Sprint("vm-", i)})
	}
	return out
}

func elevenRules(shared func(*rest.ForwardingRule)) func(*balanced) error {
	return func(w *balanced) error {
		for n := range 9 {
			w.must(w.rule(fmt.Sprint("r", n), shared, ports(fmt.Sprint(1000+n))))
		}
		return w.rule("last", shared, ports("2000"))
	}
}

// TestEndpointsWithPorts: of an address of the VM or of its alias ranges, and
// each port by itself.
func TestEndpointsWithPorts(t *testing.T) {
	t.Parallel()
	w := newBalanced(t)
	w.addVM("node", "10.4.0.0/24")
	w.must(w.neg("pods", func(n *rest.NetworkEndpointGroup) { n.NetworkEndpointType = "GCE_VM_IP_PORT" }))
	at := func(ip string, port int64) *rest.NetworkEndpoint {
		return &rest.NetworkEndpoint{Instance: "node", IpAddress: ip, Port: port}
	}
	for name, c := range map[string]struct {
		endpoint *rest.NetworkEndpoint
		says     string
	}{
		"no port":                 {at("10.4.0.7", 0), "port between 1 and 65535"},
		"a port too many":         {at("10.4.0.7", 65536), "port between 1 and 65535"},
		"an address of nobody":    {at("10.4.1.7", 80), "doesn't belong"},
		"an address of elsewhere": {&rest.NetworkEndpoint{Instance: "vm", IpAddress: "10.4.0.7", Port: 80}, "doesn't belong"},
	} {
		if _, reason, message := failure(w.attach("pods", c.endpoint)); reason != "invalid" || !strings.Contains(message, c.says) {
			t.Errorf("%s: %s %s", name, reason, message)
		}
	}
	w.must(w.attach("pods", at("10.4.0.7", 80), at("10.4.0.7", 81), at("10.4.0.8", 80)))
	if _, reason, message := failure(w.attach("pods", at("10.4.0.7", 81))); reason != "invalid" || !strings.Contains(message, "already attached") {
		t.Errorf("one twice: %s %s", reason, message)
	}
	detach := func(list ...*rest.NetworkEndpoint) error {
		return done(w.rest.NetworkEndpointGroups.DetachNetworkEndpoints(projectID, zone, "pods", &rest.NetworkEndpointGroupsDetachEndpointsRequest{NetworkEndpoints: list}).Do())
	}
	if err := detach(at("10.4.0.8", 81)); err == nil {
		t.Error("a port that is not attached was detached")
	}
	w.must(detach(at("10.4.0.7", 80)))
	got, err := w.rest.NetworkEndpointGroups.ListNetworkEndpoints(projectID, zone, "pods", &rest.NetworkEndpointGroupsListEndpointsRequest{}).Do()
	w.must(err)
	var left []string
	for _, x := range got.Items {
		left = append(left, fmt.Sprintf("%s %s:%d", x.NetworkEndpoint.Instance, x.NetworkEndpoint.IpAddress, x.NetworkEndpoint.Port))
	}
	if fmt.Sprint(left) != "[node 10.4.0.7:81 node 10.4.0.8:80]" {
		t.Errorf("the group holds %v", left)
	}
	if err := w.backend("x", negURL("pods")); err == nil {
		t.Error("a passthrough load balancer took a group of ports")
	}
}

// One bad endpoint fails its whole batch.
func TestABatchOfEndpointsIsAllOrNothing(t *testing.T) {
	t.Parallel()
	w := newBalanced(t)
	w.addVM("vm2")
	if err := w.attach("neg", &rest.NetworkEndpoint{Instance: "vm2"}, &rest.NetworkEndpoint{Instance: "gone"}); err == nil {
		t.Error("a VM that is not there was taken")
	}
	for _, p := range w.sim.Balancing() {
		if p.Collection == "networkEndpointGroups" && len(p.Members) != 1 {
			t.Errorf("members are %v", p.Members)
		}
	}
}

func TestAReservedAddressPromotesAnEphemeralOne(t *testing.T) {
	t.Parallel()
	w := newBalanced(t)
	w.must(w.rule("x", ports("443")))
	r, err := w.rest.ForwardingRules.Get(projectID, region, "x").Do()
	w.must(err)
	_, err = w.rest.Addresses.Insert(projectID, region, &rest.Address{Name: "kept", AddressType: "INTERNAL", Address: r.IPAddress, Subnetwork: subnetPath}).Do()
	w.must(err)
	w.must(done(w.rest.ForwardingRules.Delete(projectID, region, "x").Do()))
	a, err := w.rest.Addresses.Get(projectID, region, "kept").Do()
	w.must(err)
	if a.Address != r.IPAddress || a.Status != "RESERVED" {
		t.Errorf("%+v", a)
	}
	if err := w.rule("y", ports("443"), func(y *rest.ForwardingRule) { y.IPAddress = r.IPAddress }); err != nil {
		t.Error(err)
	}
}

// What is under way is not ready for anything else.
func TestAnObjectMidOperationIsNotReady(t *testing.T) {
	t.Parallel()
	w := newBalanced(t)
	w.sim.SetLatency("", minute)
	w.must(w.check("slow"))
	if code, reason, _ := failure(done(w.rest.RegionHealthChecks.Delete(projectID, region, "slow").Do())); code == 0 {
		t.Errorf("deleted before it is made: %d %s", code, reason)
	}
	w.must(w.neg("busy", nil))
	if code, reason, _ := failure(w.backend("x", negURL("busy"))); code != 400 || reason != "resourceNotReady" {
		t.Errorf("used before it is made: %d %s", code, reason)
	}
}
