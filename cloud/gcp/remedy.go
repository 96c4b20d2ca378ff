package gcp

import (
	"regexp"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
)

// permissions are what each method asks of the credentials.
// Source: cloud.google.com/compute/docs/access/iam-permissions.
var permissions = map[string]string{
	methodNetwork:       "compute.networks.get",
	methodSubnetworks:   "compute.subnetworks.list",
	methodRoutes:        "compute.routes.list",
	methodPeeringRoutes: "compute.networks.listPeeringRoutes",
	methodRouters:       "compute.routers.list (and compute.routers.get)",
	methodRouterStatus:  "compute.routers.get",
	methodAddresses:     "compute.globalAddresses.list",
	methodSubnetwork:    "compute.subnetworks.get",
	methodPatch:         "compute.subnetworks.update",
	methodInsertSubnet:  "compute.subnetworks.create (and compute.networks.updatePolicy on the network)",
	methodDeleteSubnet:  "compute.subnetworks.delete (and compute.networks.updatePolicy on the network)",
	methodFirewalls:     "compute.firewalls.list",
	methodFirewall:      "compute.firewalls.get",
	methodInsertRule:    "compute.firewalls.create (and compute.networks.updatePolicy on the network)",
	methodPatchRule:     "compute.firewalls.update (and compute.networks.updatePolicy on the network)",
	methodDeleteRule:    "compute.firewalls.delete (and compute.networks.updatePolicy on the network)",
	methodInstances:     "compute.instances.list",
	methodInstance:      "compute.instances.get",
	methodUpdate:        "compute.instances.updateNetworkInterface (and compute.subnetworks.use on the subnetwork)",
	methodZoneOps:       "compute.zoneOperations.list",
	methodZoneOp:        "compute.zoneOperations.get",
	methodRegionOps:     "compute.regionOperations.list",
	methodRegionOp:      "compute.regionOperations.get",
	methodGlobalOps:     "compute.globalOperations.list",
	methodGlobalOp:      "compute.globalOperations.get",
}

// The methods, as the API names them.
const (
	methodNetwork       = "networks.get"
	methodSubnetworks   = "subnetworks.aggregatedList"
	methodRoutes        = "routes.list"
	methodPeeringRoutes = "networks.listPeeringRoutes"
	methodRouters       = "routers.aggregatedList"
	methodRouterStatus  = "routers.getRouterStatus"
	methodAddresses     = "globalAddresses.list"
	methodSubnetwork    = "subnetworks.get"
	methodPatch         = "subnetworks.patch"
	methodInsertSubnet  = "subnetworks.insert"
	methodDeleteSubnet  = "subnetworks.delete"
	methodFirewalls     = "firewalls.list"
	methodFirewall      = "firewalls.get"
	methodInsertRule    = "firewalls.insert"
	methodPatchRule     = "firewalls.patch"
	methodDeleteRule    = "firewalls.delete"
	methodInstances     = "instances.aggregatedList"
	methodInstance      = "instances.get"
	methodUpdate        = "instances.updateNetworkInterface"
	methodZoneOps       = "zoneOperations.list"
	methodZoneOp        = "zoneOperations.get"
	methodRegionOps     = "regionOperations.list"
	methodRegionOp      = "regionOperations.get"
	methodGlobalOps     = "globalOperations.list"
	methodGlobalOp      = "globalOperations.get"
)

// required is how Compute Engine says what is missing, and on what.
var required = regexp.MustCompile(`Required '([A-Za-z.]+)' permission for 'projects/([^/']+)`)

// remedy says what a person can do about an error.
func remedy(r cloud.Reason, method, resource, text string) string {
	switch r {
	case cloud.PermissionDenied:
		// In a Shared VPC it may be another permission than the call's own, in
		// another project: the host's.
		if said := required.FindStringSubmatch(text); said != nil {
			return "grant the manager's service account " + said[1] + " in project " + said[2]
		}
		return "grant the manager's service account " + permissionOf(method) + " in project " + projectOf(resource)
	case cloud.Unauthenticated:
		return credentialsRemedy
	case cloud.QuotaExceeded:
		if strings.Contains(text, "exhausted") {
			return "expand the subnet's primary range (gcloud compute networks subnets expand-ip-range), free addresses in it, or name another subnet"
		}
		return "have the quota raised in project " + projectOf(resource)
	case cloud.LimitExceeded:
		return limitRemedy(method)
	case cloud.Conflict:
		if lbPermissions[method] != "" {
			return "the text names what has the name, the address or the port: free it, or choose another; nothing of theirs is changed"
		}
		return "find what holds the addresses and free them, or choose others; nothing of theirs is changed"
	case cloud.NotFound:
		return "check that it exists and that the Network names the right project, region and zone"
	case cloud.OutcomeUnknown:
		return "the change may have been made; it is read back before anything else is done"
	case cloud.Invalid:
		if strings.Contains(strings.ToLower(text), "constraint") {
			return "an organization policy forbids it; ask whoever administers the organization of project " + projectOf(resource)
		}
		if lbPermissions[method] != "" {
			return "the text says what Compute Engine does not accept: change the Service or its annotations"
		}
	}
	return ""
}

func limitRemedy(method string) string {
	if method == methodPatch {
		return "a subnetwork holds at most 170 secondary ranges; delete some or add another node subnetwork"
	}
	switch method {
	case methodUpdate:
		return "an interface holds at most 150 alias ranges; remove some"
	case methodInsertRule, methodPatchRule:
		return "a firewall rule holds at most 5,000 ranges; let the pod ranges lie together, so that they are fewer"
	}
	return "it is a limit that nobody can raise; make do with less"
}

func projectOf(resource string) string {
	p := strings.Split(path(resource), "/")
	if len(p) > 1 && p[0] == "projects" {
		return p[1]
	}
	return resource
}
