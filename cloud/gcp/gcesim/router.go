package gcesim

import (
	"net/url"
	"strings"
)

// call is one request on its way through.
type call struct {
	Call
	in     scope // where the resource lives
	query  url.Values
	body   []byte
	faults []Fault
}

// handler answers a call while the lock is held.
type handler func(*Sim, *call) (any, *APIError)

type endpoint struct {
	method   string
	handle   handler
	mutating bool
	// unlocked handlers take the lock themselves.
	unlocked bool
}

func read(method string, h handler) endpoint { return endpoint{method: method, handle: h} }
func write(method string, h handler) endpoint {
	return endpoint{method: method, handle: h, mutating: true}
}
func wait(method string, h handler) endpoint {
	return endpoint{method: method, handle: h, unlocked: true}
}

// endpoints maps "VERB shape" to what answers it; a ":" stands for a name.
var endpoints = map[string]endpoint{
	"GET ":          read("projects.get", getProject),
	"GET regions":   read("regions.list", listRegions),
	"GET regions/:": read("regions.get", getRegion),
	"GET zones":     read("zones.list", listZones),
	"GET zones/:":   read("zones.get", getZone),

	"GET global/networks":                     read("networks.list", listNetworks),
	"GET global/networks/:":                   read("networks.get", getNetwork),
	"POST global/networks":                    write("networks.insert", insertNetwork),
	"DELETE global/networks/:":                write("networks.delete", deleteNetwork),
	"GET global/networks/:/listPeeringRoutes": read("networks.listPeeringRoutes", listPeeringRoutes),

	"GET regions/subnetworks":                      read("subnetworks.list", listSubnetworks),
	"GET aggregated/subnetworks":                   read("subnetworks.aggregatedList", aggregateSubnetworks),
	"GET regions/subnetworks/:":                    read("subnetworks.get", getSubnetwork),
	"POST regions/subnetworks":                     write("subnetworks.insert", insertSubnetwork),
	"DELETE regions/subnetworks/:":                 write("subnetworks.delete", deleteSubnetwork),
	"PATCH regions/subnetworks/:":                  write("subnetworks.patch", patchSubnetwork),
	"POST regions/subnetworks/:/expandIpCidrRange": write("subnetworks.expandIpCidrRange", expandSubnetwork),

	"GET zones/instances":                            read("instances.list", listInstances),
	"GET aggregated/instances":                       read("instances.aggregatedList", aggregateInstances),
	"GET zones/instances/:":                          read("instances.get", getInstance),
	"POST zones/instances":                           write("instances.insert", insertInstance),
	"DELETE zones/instances/:":                       write("instances.delete", deleteInstance),
	"POST zones/instances/:/start":                   write("instances.start", startInstance),
	"POST zones/instances/:/stop":                    write("instances.stop", stopInstance),
	"PATCH zones/instances/:/updateNetworkInterface": write("instances.updateNetworkInterface", updateNetworkInterface),

	"GET global/routes":      read("routes.list", listRoutes),
	"GET global/routes/:":    read("routes.get", getRoute),
	"POST global/routes":     write("routes.insert", insertRoute),
	"DELETE global/routes/:": write("routes.delete", deleteRoute),

	"GET regions/routers":                   read("routers.list", listRouters),
	"GET aggregated/routers":                read("routers.aggregatedList", aggregateRouters),
	"GET regions/routers/:":                 read("routers.get", getRouter),
	"GET regions/routers/:/getRouterStatus": read("routers.getRouterStatus", getRouterStatus),

	"GET global/firewalls":      read("firewalls.list", listFirewalls),
	"GET global/firewalls/:":    read("firewalls.get", getFirewall),
	"POST global/firewalls":     write("firewalls.insert", insertFirewall),
	"PATCH global/firewalls/:":  write("firewalls.patch", patchFirewall),
	"DELETE global/firewalls/:": write("firewalls.delete", deleteFirewall),

	"GET regions/addresses":      read("addresses.list", listAddresses),
	"GET aggregated/addresses":   read("addresses.aggregatedList", aggregateAddresses),
	"GET regions/addresses/:":    read("addresses.get", getAddress),
	"POST regions/addresses":     write("addresses.insert", insertAddress),
	"DELETE regions/addresses/:": write("addresses.delete", deleteAddress),
	"GET global/addresses":       read("globalAddresses.list", listAddresses),
	"GET global/addresses/:":     read("globalAddresses.get", getAddress),
	"POST global/addresses":      write("globalAddresses.insert", insertAddress),
	"DELETE global/addresses/:":  write("globalAddresses.delete", deleteAddress),

	"GET aggregated/operations":      read("globalOperations.aggregatedList", aggregateOperations),
	"GET global/operations":          read("globalOperations.list", listOperations),
	"GET global/operations/:":        read("globalOperations.get", getOperation),
	"POST global/operations/:/wait":  wait("globalOperations.wait", waitOperation),
	"GET regions/operations":         read("regionOperations.list", listOperations),
	"GET regions/operations/:":       read("regionOperations.get", getOperation),
	"POST regions/operations/:/wait": wait("regionOperations.wait", waitOperation),
	"GET zones/operations":           read("zoneOperations.list", listOperations),
	"GET zones/operations/:":         read("zoneOperations.get", getOperation),
	"POST zones/operations/:/wait":   wait("zoneOperations.wait", waitOperation),
}

// findEndpoint finds what answers a request, and fills in the call.
func findEndpoint(verb, path string, c *call) (endpoint, *APIError) {
	rest, ok := strings.CutPrefix(path, pathBase)
	if !ok {
		return endpoint{}, notFound(path)
	}
	segments := strings.Split(strings.TrimSuffix(rest, "/"), "/")
	c.Project, segments = segments[0], segments[1:]
	shape := c.shape(segments)
	e, ok := endpoints[verb+" "+shape]
	if !ok {
		e, ok = lbEndpoints[verb+" "+shape]
	}
	if !ok || c.Project == "" {
		return endpoint{}, notFound(path)
	}
	c.Method, c.Mutating = e.method, e.mutating
	return e, nil
}

// shape replaces the names in a path by ":" and the scope by its kind.
func (c *call) shape(segments []string) string {
	if len(segments) == 0 {
		return ""
	}
	var rest []string
	switch kind := segments[0]; kind {
	case "regions", "zones":
		if len(segments) == 1 {
			return kind
		}
		c.in = scope{kind, segments[1]}
		c.Scope = c.in.String()
		if len(segments) == 2 {
			c.Resource = segments[1]
			return kind + "/:"
		}
		rest = segments[2:]
	case "global", "aggregated":
		c.in, c.Scope = scope{kind: kind}, kind
		rest = segments[1:]
	default:
		return "?"
	}
	out := append([]string{segments[0]}, rest...)
	if len(rest) > 1 {
		c.Resource, out[2] = rest[1], ":"
	}
	return strings.Join(out, "/")
}

// path is "projects/p/zones/z/instances/i" for a resource of the call's scope.
func (c *call) path(collection, name string) string {
	return resourcePath(c.Project, c.in, collection, name)
}

func resourcePath(project string, in scope, collection, name string) string {
	return "projects/" + project + "/" + in.String() + "/" + collection + "/" + name
}
