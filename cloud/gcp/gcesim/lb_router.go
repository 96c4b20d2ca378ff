package gcesim

// lbEndpoints are those of load balancing.
var lbEndpoints = map[string]endpoint{
	"GET regions/healthChecks":      read("regionHealthChecks.list", healthChecks.list),
	"GET regions/healthChecks/:":    read("regionHealthChecks.get", healthChecks.get),
	"POST regions/healthChecks":     write("regionHealthChecks.insert", healthChecks.insert),
	"PATCH regions/healthChecks/:":  write("regionHealthChecks.patch", healthChecks.patch),
	"DELETE regions/healthChecks/:": write("regionHealthChecks.delete", healthChecks.remove),
	"GET global/healthChecks":       read("healthChecks.list", healthChecks.list),
	"GET aggregated/healthChecks":   read("healthChecks.aggregatedList", healthChecks.aggregate),
	"GET global/healthChecks/:":     read("healthChecks.get", healthChecks.get),
	"POST global/healthChecks":      write("healthChecks.insert", healthChecks.insert),
	"PATCH global/healthChecks/:":   write("healthChecks.patch", healthChecks.patch),
	"DELETE global/healthChecks/:":  write("healthChecks.delete", healthChecks.remove),

	"GET regions/backendServices":              read("regionBackendServices.list", backendServices.list),
	"GET aggregated/backendServices":           read("backendServices.aggregatedList", backendServices.aggregate),
	"GET regions/backendServices/:":            read("regionBackendServices.get", backendServices.get),
	"POST regions/backendServices/:/getHealth": read("regionBackendServices.getHealth", getHealth),
	"POST regions/backendServices":             write("regionBackendServices.insert", backendServices.insert),
	"PATCH regions/backendServices/:":          write("regionBackendServices.patch", backendServices.patch),
	"DELETE regions/backendServices/:":         write("regionBackendServices.delete", backendServices.remove),

	"GET regions/forwardingRules":      read("forwardingRules.list", forwardingRules.list),
	"GET aggregated/forwardingRules":   read("forwardingRules.aggregatedList", forwardingRules.aggregate),
	"GET regions/forwardingRules/:":    read("forwardingRules.get", forwardingRules.get),
	"POST regions/forwardingRules":     write("forwardingRules.insert", forwardingRules.insert),
	"PATCH regions/forwardingRules/:":  write("forwardingRules.patch", forwardingRules.patch),
	"DELETE regions/forwardingRules/:": write("forwardingRules.delete", forwardingRules.remove),

	"POST regions/forwardingRules/:/setTarget": write("forwardingRules.setTarget", setTarget),

	"GET regions/targetTcpProxies":      read("regionTargetTcpProxies.list", targetProxies.list),
	"GET aggregated/targetTcpProxies":   read("targetTcpProxies.aggregatedList", targetProxies.aggregate),
	"GET regions/targetTcpProxies/:":    read("regionTargetTcpProxies.get", targetProxies.get),
	"POST regions/targetTcpProxies":     write("regionTargetTcpProxies.insert", targetProxies.insert),
	"DELETE regions/targetTcpProxies/:": write("regionTargetTcpProxies.delete", targetProxies.remove),

	"GET zones/networkEndpointGroups":                           read("networkEndpointGroups.list", endpointGroups.list),
	"GET aggregated/networkEndpointGroups":                      read("networkEndpointGroups.aggregatedList", endpointGroups.aggregate),
	"GET zones/networkEndpointGroups/:":                         read("networkEndpointGroups.get", endpointGroups.get),
	"POST zones/networkEndpointGroups":                          write("networkEndpointGroups.insert", endpointGroups.insert),
	"DELETE zones/networkEndpointGroups/:":                      write("networkEndpointGroups.delete", endpointGroups.remove),
	"POST zones/networkEndpointGroups/:/attachNetworkEndpoints": write("networkEndpointGroups.attachNetworkEndpoints", attachEndpoints),
	"POST zones/networkEndpointGroups/:/detachNetworkEndpoints": write("networkEndpointGroups.detachNetworkEndpoints", detachEndpoints),
	"POST zones/networkEndpointGroups/:/listNetworkEndpoints":   read("networkEndpointGroups.listNetworkEndpoints", listEndpoints),

	"GET zones/instanceGroups":                    read("instanceGroups.list", instanceGroups.list),
	"GET aggregated/instanceGroups":               read("instanceGroups.aggregatedList", instanceGroups.aggregate),
	"GET zones/instanceGroups/:":                  read("instanceGroups.get", instanceGroups.get),
	"POST zones/instanceGroups":                   write("instanceGroups.insert", instanceGroups.insert),
	"DELETE zones/instanceGroups/:":               write("instanceGroups.delete", instanceGroups.remove),
	"POST zones/instanceGroups/:/addInstances":    write("instanceGroups.addInstances", addMembers),
	"POST zones/instanceGroups/:/removeInstances": write("instanceGroups.removeInstances", removeMembers),
	"POST zones/instanceGroups/:/listInstances":   read("instanceGroups.listInstances", listMembers),
}
