package gcesim

import (
	"slices"
)

// proxyPurposes are those of subnetworks that hold nothing but the proxies of
// load balancers (the proxy-only subnets page). The first two are one thing
// under two names.
var proxyPurposes = []string{"REGIONAL_MANAGED_PROXY", "INTERNAL_HTTPS_LOAD_BALANCER", "GLOBAL_MANAGED_PROXY"}

// smallestProxyMask: "at least 64 addresses".
const smallestProxyMask = 26

func (o *subnetwork) proxyOnly() bool { return slices.Contains(proxyPurposes, o.Purpose) }

// proxySlot is where one active subnetwork may be.
type proxySlot struct {
	region string
	global bool
}

func (o *subnetwork) slot(region string) proxySlot {
	return proxySlot{region, o.Purpose == "GLOBAL_MANAGED_PROXY"}
}

// checkPurpose holds a new subnetwork's purpose and role against each other
// and against what else it asks for. The texts about the role and about
// fields are those that people met (hashicorp/terraform-provider-google
// #13438, terraform-google-modules/terraform-google-network #371).
func (s *Sim) checkPurpose(n *network, region string, body *subnetwork) *APIError {
	if !body.proxyOnly() {
		if body.Purpose != "" && !slices.Contains([]string{"PRIVATE", "PRIVATE_RFC_1918", "PRIVATE_SERVICE_CONNECT", "PRIVATE_NAT"}, body.Purpose) {
			return invalidField("resource.purpose", body.Purpose, "Unknown purpose.")
		}
		if body.Role != "" {
			return invalidField("resource.role", body.Role, "Subnetwork role cannot be specified for this purpose.")
		}
		return nil
	}
	if body.Role != "ACTIVE" && body.Role != "BACKUP" {
		return invalidField("resource.role", orDefault(body.Role, "UNSPECIFIED_ROLE"), "Subnetwork role must be specified when purpose set to %s.", body.Purpose)
	}
	if len(body.SecondaryIPRanges) > 0 {
		return invalidField("resource.secondaryIpRanges", "", "Invalid field set in subnetwork with purpose %s.", body.Purpose)
	}
	if body.PrivateIPGoogleAccess {
		return invalidField("resource.privateIpGoogleAccess", "true", "Invalid field set in subnetwork with purpose %s.", body.Purpose)
	}
	p, refusal := parseCIDR("resource.ipCidrRange", body.IPCidrRange)
	if refusal != nil {
		return refusal
	}
	if p.Bits() > smallestProxyMask {
		return invalidField("resource.ipCidrRange", body.IPCidrRange, "A subnetwork with purpose %s must have a prefix length of at most %d.", body.Purpose, smallestProxyMask)
	}
	if other := s.spaceOf(n.path()).proxies[body.slot(region)]; other != "" && body.Role == "ACTIVE" {
		return invalidField("resource.role", body.Role, "The network has an active subnetwork with purpose %s in the region: '%s'.", body.Purpose, other)
	}
	return nil
}

// takeSlot makes path the active one of its place, from the moment that its
// creation is accepted; the function gives the place back.
func (sp *space) takeSlot(body *subnetwork, region, path string) (giveBack func()) {
	if !body.proxyOnly() || body.Role != "ACTIVE" {
		return func() {}
	}
	if sp.proxies == nil {
		sp.proxies = map[proxySlot]string{}
	}
	slot := body.slot(region)
	sp.proxies[slot] = path
	return func() {
		if sp.proxies[slot] == path {
			delete(sp.proxies, slot)
		}
	}
}

// checkRolePatch: a role can be changed from BACKUP to ACTIVE only
// (subnetworks.patch, "drainTimeoutSeconds").
func checkRolePatch(old, next *subnetwork) *APIError {
	if old.proxyOnly() && len(next.SecondaryIPRanges) > 0 {
		return invalidField("resource.secondaryIpRanges", "", "Invalid field set in subnetwork with purpose %s.", old.Purpose)
	}
	if old.Role == next.Role || old.proxyOnly() && next.Role == "ACTIVE" {
		return nil
	}
	return invalidField("resource.role", next.Role, "The role can be changed from BACKUP to ACTIVE only.")
}

// promote makes a subnetwork the active one of its place, and the one that
// was a backup.
func (s *Sim) promote(in shelfKey, next *subnetwork) {
	sp := s.spaceOf(next.networkPath())
	was := sp.proxies[next.slot(in.scope.name)]
	s.subnetworks.all(func(at shelfKey, other *subnetwork) {
		if was != "" && other.path() == was && was != next.path() {
			down := *other
			down.Role, down.Fingerprint = "BACKUP", s.fingerprint()
			defer s.subnetworks.put(s.clock.Now(), at.project, at.scope, &down)
		}
	})
	sp.takeSlot(next, in.scope.name, next.path())
}

// UseProxySubnetwork lets a load balancer use a proxy-only subnetwork, or a
// forwarding rule an address of any other: it cannot be deleted.
func (s *Sim) UseProxySubnetwork(project, region, name string) error {
	defer s.lock()()
	in := scope{"regions", region}
	sub, ok := s.subnetworks.get(project, in, name)
	if !ok {
		return notFound(resourcePath(project, in, "subnetworks", name))
	}
	_, failure, refusal := s.primaryIP("resource", s.spaceOf(sub.networkPath()), sub, resourcePath(project, in, "forwardingRules", "by-hand"), "")
	if refusal == nil && failure != nil {
		return failure.asError()
	}
	return asError(refusal)
}
