package gcesim

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// newInterface completes one interface in place.
func (s *Sim) newInterface(project string, in scope, path string, at int, nic *networkInterface) (undo func(), failure *OperationError, refusal *APIError) {
	field := fmt.Sprintf("resource.networkInterfaces[%d]", at)
	if len(nic.AliasIPv6Ranges) > 0 {
		return nil, nil, invalidField(field+".aliasIpv6Ranges", nic.AliasIPv6Ranges[0].IPCidrRange, "This simulator has no IPv6 alias ranges.")
	}
	sub, refusal := s.interfaceSubnet(field, project, in, nic)
	if refusal != nil {
		return nil, nil, refusal
	}
	sp := s.spaceOf(sub.networkPath())
	if limit := s.quotas[QuotaInstances]; sp.vms >= limit {
		return nil, nil, overQuota(QuotaInstances, limit)
	}
	wanted, asked := nic.AliasIPRanges, *nic
	*nic = networkInterface{
		Kind: kindPrefix + "networkInterface", Name: fmt.Sprintf("nic%d", at),
		Network: sub.Network, Subnetwork: sub.SelfLink, NetworkIP: nic.NetworkIP,
		StackType: "IPV4_ONLY", Fingerprint: s.fingerprint(), AccessConfigs: nic.AccessConfigs,
	}
	ip, failure, refusal := s.primaryIP(field, sp, sub, path, nic.NetworkIP)
	if refusal != nil {
		return nil, nil, refusal
	}
	plan, refusal := s.planAliases(field, sp, sub, path, nil, wanted)
	if refusal != nil {
		if failure == nil {
			sp.free(ip)
		}
		return nil, nil, refusal
	}
	back, failed, refusal := s.giveInterfaceIPv6(field, sp, sub, path, nic, asked)
	if refusal != nil {
		plan.undo()
		if failure == nil {
			sp.free(ip)
		}
		return nil, nil, refusal
	}
	nic.AliasIPRanges = plan.list
	held := failure == nil
	if held {
		nic.NetworkIP = ip.Addr().String()
		failure = plan.failure
	}
	if failure == nil {
		failure = failed
	}
	sp.vms++
	return func() {
		plan.undo()
		back()
		if held {
			sp.free(ip)
		}
		sp.vms--
	}, failure, nil
}

// interfaceSubnet finds the subnetwork of an interface, which may be a shared
// one of another project, and checks that it serves the zone.
func (s *Sim) interfaceSubnet(field, project string, in scope, nic *networkInterface) (*subnetwork, *APIError) {
	region, _ := s.regionOf(in.name)
	text := nic.Subnetwork
	if text == "" {
		n, refusal := s.findNetwork(orDefault(nic.Network, "global/networks/default"), project)
		if refusal != nil {
			return nil, refusal
		}
		if !n.auto() {
			return nil, invalidField(field, "", "Subnetwork should be specified for custom subnetmode network")
		}
		text = "projects/" + strings.Split(n.path(), "/")[1] + "/regions/" + region + "/subnetworks/" + n.Name
	}
	r, ok := parseRef(text, project, "subnetworks")
	if !ok || r.in.kind != "regions" {
		return nil, invalidField(field+".subnetwork", text, "The URL is malformed.")
	}
	sub, ok := s.subnetworks.get(r.project, r.in, r.name)
	if !ok {
		return nil, notFound(r.path("subnetworks"))
	}
	if s.isBusy(sub.path()) {
		return nil, notReady(sub.path())
	}
	if r.in.name != region {
		return nil, invalidField(field+".subnetwork", text, "The subnetwork is in region '%s', not in that of zone '%s'.", r.in.name, in.name)
	}
	if sub.Purpose != "PRIVATE" {
		return nil, invalidField(field+".subnetwork", text, "Subnetwork must have purpose=PRIVATE.")
	}
	return sub, nil
}

// primaryIP takes the interface's own address, the asked one or any.
func (s *Sim) primaryIP(field string, sp *space, sub *subnetwork, by, text string) (netip.Prefix, *OperationError, *APIError) {
	primary := sub.primary()
	if text == "" {
		ip, ok := sp.used.firstFree(primary, primary.Addr().BitLen())
		if !ok {
			return ip, ipExhausted(sub), nil
		}
		sp.claim(ip, by, false)
		return ip, nil, nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil || !primary.Contains(a) {
		return netip.Prefix{}, nil, invalidField(field+".networkIP", text, "Requested internal IP address is outside the network/subnetwork range.")
	}
	ip := netip.PrefixFrom(a, a.BitLen())
	if touchesPlatform(primary, ip) {
		return ip, nil, invalidField(field+".networkIP", text, "The address is reserved in every primary range.")
	}
	if !sp.claim(ip, by, false) {
		return ip, ipInUse(text), nil
	}
	return ip, nil, nil
}

func ipExhausted(sub *subnetwork) *OperationError {
	return &OperationError{Code: "IP_SPACE_EXHAUSTED", Message: fmt.Sprintf("IP space of '%s' is exhausted.", sub.path())}
}

// nic is the number of the instance's interface of that name.
func (o *instance) nic(name string) (int, *APIError) {
	at := slices.IndexFunc(o.NetworkInterfaces, func(n networkInterface) bool { return n.Name == name })
	if at < 0 {
		return 0, invalidField("networkInterface", name, "The instance has no such network interface.")
	}
	return at, nil
}
