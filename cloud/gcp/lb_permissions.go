package gcp

// lbPermissions are what the methods of load balancing ask of the credentials;
// those of firewall rules are among permissions.
// Source: cloud.google.com/compute/docs/access/iam-permissions.
var lbPermissions = map[string]string{
	"addresses.list":   "compute.addresses.list",
	"addresses.get":    "compute.addresses.get",
	"addresses.insert": "compute.addresses.create (compute.addresses.createInternal for an internal one, and compute.subnetworks.use)",
	"addresses.delete": "compute.addresses.delete (compute.addresses.deleteInternal for an internal one)",

	"regionHealthChecks.list":   "compute.regionHealthChecks.list",
	"regionHealthChecks.get":    "compute.regionHealthChecks.get",
	"regionHealthChecks.insert": "compute.regionHealthChecks.create",
	"regionHealthChecks.patch":  "compute.regionHealthChecks.update",
	"regionHealthChecks.delete": "compute.regionHealthChecks.delete",

	"regionBackendServices.list":      "compute.regionBackendServices.list",
	"regionBackendServices.get":       "compute.regionBackendServices.get",
	"regionBackendServices.getHealth": "compute.regionBackendServices.get",
	"regionBackendServices.insert":    "compute.regionBackendServices.create (and compute.regionHealthChecks.useReadOnly, compute.networkEndpointGroups.use, compute.instanceGroups.use)",
	"regionBackendServices.patch":     "compute.regionBackendServices.update (and compute.regionHealthChecks.useReadOnly, compute.networkEndpointGroups.use, compute.instanceGroups.use)",
	"regionBackendServices.delete":    "compute.regionBackendServices.delete",

	"forwardingRules.list":   "compute.forwardingRules.list",
	"forwardingRules.get":    "compute.forwardingRules.get",
	"forwardingRules.insert": "compute.forwardingRules.create (and compute.regionBackendServices.use, compute.addresses.use, compute.addresses.useInternal, compute.subnetworks.use)",
	"forwardingRules.patch":  "compute.forwardingRules.update",
	"forwardingRules.delete": "compute.forwardingRules.delete",

	"networkEndpointGroups.aggregatedList":         "compute.networkEndpointGroups.list",
	"networkEndpointGroups.get":                    "compute.networkEndpointGroups.get",
	"networkEndpointGroups.listNetworkEndpoints":   "compute.networkEndpointGroups.get",
	"networkEndpointGroups.insert":                 "compute.networkEndpointGroups.create (and compute.subnetworks.use)",
	"networkEndpointGroups.delete":                 "compute.networkEndpointGroups.delete",
	"networkEndpointGroups.attachNetworkEndpoints": "compute.networkEndpointGroups.attachNetworkEndpoints (and compute.instances.use)",
	"networkEndpointGroups.detachNetworkEndpoints": "compute.networkEndpointGroups.detachNetworkEndpoints",

	"instanceGroups.aggregatedList":  "compute.instanceGroups.list",
	"instanceGroups.get":             "compute.instanceGroups.get",
	"instanceGroups.listInstances":   "compute.instanceGroups.get",
	"instanceGroups.insert":          "compute.instanceGroups.create",
	"instanceGroups.delete":          "compute.instanceGroups.delete",
	"instanceGroups.addInstances":    "compute.instanceGroups.update (and compute.instances.use)",
	"instanceGroups.removeInstances": "compute.instanceGroups.update (and compute.instances.use)",
}

func permissionOf(method string) string {
	if p := permissions[method]; p != "" {
		return p
	}
	return lbPermissions[method]
}
