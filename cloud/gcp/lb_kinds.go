package gcp

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// The kinds of resources that balancers are made of, as the API names them.
const (
	kindAddress  = "address"
	kindRule     = "forwardingRule"
	kindBackend  = "backendService"
	kindCheck    = "healthCheck"
	kindNEG      = "networkEndpointGroup"
	kindGroup    = "instanceGroup"
	kindFirewall = "firewall"
	// kindSubnet is only read: which of several a node is in.
	kindSubnet = "subnetwork"
)

// collections are the kinds' names in URLs.
var collections = map[string]string{
	kindAddress: "addresses", kindRule: "forwardingRules", kindBackend: "backendServices", kindCheck: "healthChecks",
	kindNEG: "networkEndpointGroups", kindGroup: "instanceGroups", kindFirewall: "firewalls",
}

// services are the kinds' names in methods, where these are others.
var services = map[string]string{kindBackend: "regionBackendServices", kindCheck: "regionHealthChecks"}

// editable are the fields that a patch can change while the resource is in
// use. Everything else is in the name, or goes with the resource.
var editable = map[string][]string{
	kindBackend:  {"backends", "failover", "healthChecks", "sessionAffinity", "drainingTimeoutSec", "localityLbPolicy"},
	kindCheck:    {"port", "requestPath", "checkIntervalSec", "timeoutSec", "healthyThreshold", "unhealthyThreshold", "besides"},
	kindRule:     {"allowGlobalAccess"},
	kindFirewall: {"sourceRanges", "destinationRanges", "allowed", "targetTags", "priority", "disabled"},
}

// How many nodes of a set a pool's balancers send to. An internal one sends to
// 250 endpoints at most, an external one to more: ingress-gce has 3,000, where
// nodes serve only pods of their own. Instance groups hold 1,000 there.
// Source: load balancing quotas page, and ingress-gce.
const (
	maxNodes  = 250
	wideNodes = 3000
	maxGroup  = 1000
	// maxEndpoints is how many a network endpoint group holds: quotas page.
	maxEndpoints = 10_000
)

// balancers is lb.Balancers.
type balancers struct{ *vpc }

var _ lb.Balancers = balancers{}

// Rules: names are a project's, and external balancers and health checks do not
// even say of which network they are.
func (v balancers) Rules() lb.Rules {
	return lb.Rules{Domain: string(regionScope(v.Project, v.Region)), VPC: v.networkPath(), Editable: editable, MaxNodes: maxNodes}
}

// lbRef says where a resource is.
type lbRef struct {
	project, zone, region string
	kind, name            string
}

func (v balancers) refOf(r lb.Ref) lbRef {
	ref := lbRef{project: v.Project, kind: r.Kind, name: r.Name}
	if r.Kind == kindFirewall {
		ref.project = v.NetworkProject
	}
	switch r.Scope {
	case lb.Global:
	case "":
		ref.region = v.Region
	default:
		ref.zone = r.Scope
	}
	return ref
}

// isPool reports whether it holds members.
func (r lbRef) isPool() bool { return r.kind == kindNEG || r.kind == kindGroup }

func (r lbRef) scope() scope {
	switch {
	case r.zone != "":
		return zoneScope(r.project, r.zone)
	case r.region != "":
		return regionScope(r.project, r.region)
	}
	return globalScope(r.project)
}

func (r lbRef) String() string {
	return string(r.scope()) + "/" + collections[r.kind] + "/" + r.name
}

// urlBase begins every URL that names one resource in another: for the groups
// of backend services no shorter form is taken.
const urlBase = "https://www.googleapis.com/compute/v1/"

func (r lbRef) url() string { return urlBase + r.String() }

func (r lbRef) method(verb string) string {
	return cmp.Or(services[r.kind], collections[r.kind]) + "." + verb
}

// shortHash tells apart, in five characters, what a name has no room to say.
func shortHash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:5]
}

// ownerOf is whom a resource says it is for: its name and its description must
// agree.
func ownerOf(name, description string) cloud.Owner {
	o, ok := cloud.ParseDescription(description)
	if !ok || !cloud.ParseMark(name).Of(o) {
		return cloud.Owner{}
	}
	return o
}
