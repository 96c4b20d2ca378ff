package gcp

import (
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
)

// scope is where the cloud keeps an operation: "projects/p/zones/z",
// "projects/p/regions/r" or "projects/p/global".
type scope string

func zoneScope(project, zone string) scope {
	return scope("projects/" + project + "/zones/" + zone)
}

func regionScope(project, region string) scope {
	return scope("projects/" + project + "/regions/" + region)
}

func globalScope(project string) scope { return scope("projects/" + project + "/global") }

// split returns the scope's project, its kind ("zones", "regions" or "global")
// and its name; all are empty for text that is no scope.
func (s scope) split() (project, kind, name string) {
	p := strings.Split(string(s), "/")
	if len(p) == 3 && p[0] == "projects" && p[2] == "global" {
		return p[1], p[2], ""
	}
	if len(p) != 4 || p[0] != "projects" || p[2] != "zones" && p[2] != "regions" {
		return "", "", ""
	}
	return p[1], p[2], p[3]
}

// quota names the part of the cloud whose rate the scope's calls count
// against: a project's region, also for what lives in its zones.
// Source: cloud.google.com/compute/docs/api-rate-limits.
func (s scope) quota() string {
	project, kind, name := s.split()
	if kind == "global" {
		return ""
	}
	if kind == "zones" {
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			return string(regionScope(project, name[:i]))
		}
	}
	return string(s)
}

// instanceRef names an instance. Compute Engine takes the numeric ID where it
// takes the name, and an ID never comes back on another machine.
type instanceRef struct {
	project, zone, name string
	id                  string // numeric; preferred where it is set
}

func (r instanceRef) String() string {
	return "projects/" + r.project + "/zones/" + r.zone + "/instances/" + r.name
}

func (r instanceRef) scope() scope { return zoneScope(r.project, r.zone) }

func (r instanceRef) nameOrID() string {
	if r.id != "" {
		return r.id
	}
	return r.name
}

const providerScheme = "gce://"

// providerID is what the cloud provider writes to Node.spec.providerID.
func (r instanceRef) providerID() string {
	return providerScheme + r.project + "/" + r.zone + "/" + r.name
}

// parseProviderID reads gce://project/zone/name.
func parseProviderID(id string) (instanceRef, bool) {
	rest, ok := strings.CutPrefix(id, providerScheme)
	if !ok {
		return instanceRef{}, false
	}
	p := strings.Split(rest, "/")
	if len(p) != 3 || p[0] == "" || p[1] == "" || p[2] == "" {
		return instanceRef{}, false
	}
	return instanceRef{project: p[0], zone: p[1], name: p[2]}, true
}

// resolve parses a provider ID and refuses one that is not of this network's
// projects.
func (v *vpc) resolve(act, providerID string) (instanceRef, error) {
	ref, ok := parseProviderID(providerID)
	if !ok {
		return ref, &cloud.Error{
			Reason: cloud.WrongCloud, Act: act, Resource: providerID,
			Remedy: "a Compute Engine node's providerID reads gce://project/zone/name; check which cloud controller manager set it",
		}
	}
	if !v.hasProject(ref.project) {
		return ref, &cloud.Error{
			Reason: cloud.WrongCloud, Act: act, Resource: providerID,
			Remedy: "its project is none of " + strings.Join(v.projects, ", ") +
				"; add the project to the Network's instance projects if its machines are nodes of this cluster",
		}
	}
	return ref, nil
}

type subnetRef struct{ project, region, name string }

func (r subnetRef) String() string {
	return "projects/" + r.project + "/regions/" + r.region + "/subnetworks/" + r.name
}

func (r subnetRef) scope() scope { return regionScope(r.project, r.region) }

type routerRef struct{ project, region, name string }

func (r routerRef) String() string {
	return "projects/" + r.project + "/regions/" + r.region + "/routers/" + r.name
}

func (r routerRef) scope() scope { return regionScope(r.project, r.region) }

type firewallRef struct{ project, name string }

func (r firewallRef) String() string {
	return "projects/" + r.project + "/global/firewalls/" + r.name
}

func (r firewallRef) scope() scope { return globalScope(r.project) }

// parseSubnetURL reads the end of a subnetwork's URL.
func parseSubnetURL(url string) (subnetRef, bool) {
	p := strings.Split(path(url), "/")
	if len(p) != 6 || p[0] != "projects" || p[2] != "regions" || p[4] != "subnetworks" {
		return subnetRef{}, false
	}
	return subnetRef{project: p[1], region: p[3], name: p[5]}, true
}

// path is what follows the API's version in a resource's URL. The host and
// the version differ between URLs of one resource.
func path(url string) string {
	if i := strings.Index(url, "projects/"); i >= 0 {
		return url[i:]
	}
	return url
}

// base is the last part of a resource's URL: its name.
func base(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }
