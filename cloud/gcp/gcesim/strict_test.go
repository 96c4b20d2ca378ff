package gcesim_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	rest "google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

// send makes a request as no client would, and gives the status and the body.
func (w *world) send(verb, path, body string) (int, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.ctx, verb, w.url+"/compute/v1/projects/"+projectID+path, strings.NewReader(body))
	w.must(err)
	reply, err := http.DefaultClient.Do(r)
	w.must(err)
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	w.must(err)
	return reply.StatusCode, string(text)
}

// What is not modelled is refused wherever it is said, and nothing is changed.
func TestWhatIsNotModelledIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{})
	w.addVM("vm")
	_, err := w.rest.InstanceGroups.Insert(projectID, zone, &rest.InstanceGroup{Name: "g"}).Do()
	w.must(err)
	w.sim.Settle()
	const (
		subnets = "/regions/" + region + "/subnetworks"
		vms     = "/zones/" + zone + "/instances"
		groups  = "/zones/" + zone + "/instanceGroups"
	)
	for name, c := range map[string]struct{ verb, path, body, text string }{
		"a parameter of a list":       {"GET", vms + "?maxresults=1", "", "maxresults"},
		"a parameter of another list": {"GET", vms + "?includeAllScopes=true", "", "includeAllScopes"},
		"a parameter of a get":        {"GET", vms + "/vm?view=FULL", "", "view"},
		"a request ID of a read":      {"GET", vms + "/vm?requestId=1", "", "requestId"},
		"a parameter of a change":     {"DELETE", vms + "/vm?force=true", "", "force"},
		"a filter of a group":         {"POST", groups + "/g/listInstances?filter=x", "", "filter"},
		"a filter of peering routes":  {"GET", "/global/networks/vpc/listPeeringRoutes?filter=x", "", "filter"},
		"a view":                      {"GET", subnets + "?views=SOME", "", "views"},
		"a direction":                 {"GET", "/global/networks/vpc/listPeeringRoutes?direction=UP", "", "direction"},
		"a boolean":                   {"GET", vms + "?returnPartialSuccess=yes", "", "returnPartialSuccess"},
		"a field of a filter":         {"GET", vms + "?filter=hostname%3Dx", "", "hostname"},
		"a field to choose":           {"GET", vms + "?fields=items/hostname", "", "hostname"},
		"a network's field":           {"POST", "/global/networks", `{"name": "n", "firewallPolicy": "x"}`, "firewallPolicy"},
		"a network's routing":         {"POST", "/global/networks", `{"name": "n", "routingConfig": {"routingMode": "GLOBAL"}}`, "GLOBAL"},
		"a subnetwork's field":        {"POST", subnets, `{"name": "s", "enableFlowLogs": true}`, "enableFlowLogs"},
		"a subnetwork's IPv6":         {"POST", subnets, `{"name": "s", "network": "global/networks/vpc", "ipCidrRange": "10.9.0.0/24", "internalIpv6Prefix": "fd20::/64"}`, "internalIpv6Prefix"},
		"an expansion's field":        {"POST", subnets + "/nodes/expandIpCidrRange", `{"ipCidrRange": "10.0.0.0/16", "dryRun": true}`, "dryRun"},
		"an instance's field":         {"POST", vms, `{"name": "x", "hostname": "x"}`, "hostname"},
		"a field of its interface":    {"POST", vms, `{"name": "x", "networkInterfaces": [{"nicType": "GVNIC"}]}`, "nicType"},
		"IPv6 alias ranges":           {"POST", vms, `{"name": "x", "networkInterfaces": [{"subnetwork": "regions/us-central1/subnetworks/nodes", "aliasIpv6Ranges": [{"ipCidrRange": "/112"}]}]}`, "aliasIpv6Ranges"},
		"a field of an alias range":   {"PATCH", vms + "/vm/updateNetworkInterface?networkInterface=nic0", `{"aliasIpRanges": [{"size": 24}]}`, "size"},
		"a route's field":             {"POST", "/global/routes", `{"name": "r", "nextHopVpnTunnel": "x"}`, "nextHopVpnTunnel"},
		"an address's field":          {"POST", "/regions/" + region + "/addresses", `{"name": "a", "labels": {}}`, "labels"},
		"a firewall's nested field":   {"POST", "/global/firewalls", `{"name": "f", "allowed": [{"IPProtocol": "tcp", "port": 1}]}`, "port"},
		"a body where none is read":   {"POST", vms + "/vm/stop", `{"discardLocalSsd": true}`, "discardLocalSsd"},
		"a body that chooses":         {"POST", groups + "/g/listInstances", `{"instanceState": "RUNNING"}`, "RUNNING"},
		"a body of a deletion":        {"DELETE", vms + "/vm", `{"force": true}`, "force"},
		"two bodies":                  {"POST", "/global/networks", `{"name": "n"} {"name": "m"}`, "Unexpected token"},
		"no body":                     {"POST", "/global/networks", "", "Invalid JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			if code, text := w.send(c.verb, c.path, c.body); code != http.StatusBadRequest || !strings.Contains(text, c.text) {
				t.Errorf("%d %s", code, text)
			}
		})
	}
	if code, text := w.send("GET", "/zones/"+zone+"/operations?filter=operationType!=insert", ""); code != 200 || strings.Contains(text, `"items"`) {
		t.Errorf("what was refused left operations: %d %s", code, text)
	}
	if code, _ := w.send("POST", vms+"/vm/suspend", ""); code != http.StatusNotFound {
		t.Errorf("an unknown method answers %d", code)
	}
}
