package gcp

import (
	"context"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// lists are what is listed: pools by one list of all zones.
var lists = []lb.Ref{{Kind: kindAddress}, {Kind: kindFirewall, Scope: lb.Global}, {Kind: kindCheck},
	{Kind: kindNEG, Scope: lb.Global}, {Kind: kindGroup, Scope: lb.Global}, {Kind: kindBackend}, {Kind: kindRule}}

// Read lists each kind once, by the names that are marked, and the members of
// each pool. Of addresses it lists all of the region: a frontend may ask for
// one that somebody reserved.
func (v balancers) Read(ctx context.Context, clusterID string, of ...cloud.Owner) (lb.State, error) {
	patterns := []string{cloud.ClusterPattern(clusterID)}
	if len(of) > 0 {
		patterns = nil
		for _, o := range of {
			patterns = append(patterns, o.NamePattern())
		}
	}
	filter := "name eq " + strings.Join(patterns, "|")
	got := lb.State{}
	for _, all := range lists {
		if err := v.readKind(ctx, v.refOf(all), filter, clusterID, got); err != nil {
			return nil, err
		}
	}
	relate(got)
	if err := v.readSubnets(ctx, got); err != nil {
		return nil, err
	}
	return got, lb.HoleOf(got, "list the load balancers' pools")
}

// lose enters that a zone did not answer.
func lose(got lb.State, zone, why string) {
	ref := lb.Ref{Kind: lb.KindZone, Name: zone}
	got[ref] = lb.Resource{Ref: ref, Pending: why}
}

// spare bears with the holes of zones: those of other regions have nothing of
// ours, and one of ours has pools, which are entered as lost.
func (v balancers) spare(got lb.State) func(hole) bool {
	return func(h hole) bool {
		zone := h.zone()
		if region, _, ok := cutLast(zone, "-"); ok && region == v.Region {
			lose(got, zone, h.why)
		}
		return zone != "" || strings.HasPrefix(h.where, "regions/") && h.where != "regions/"+v.Region
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	at := strings.LastIndex(s, sep)
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+len(sep):], true
}

// Look reads whether a node of each backend service is healthy. Nothing is
// pending: Apply waits for each operation to end.
func (v balancers) Look(ctx context.Context, at lb.State) (lb.State, error) {
	out := lb.State{}
	for ref, r := range at {
		if ref.Kind != kindBackend {
			continue
		}
		healthy, err := v.healthy(ctx, r)
		if cloud.Is(err, cloud.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if r.Health = lb.Unhealthy; healthy {
			r.Health = lb.Healthy
		}
		out[ref] = r
	}
	return out, nil
}

// healthy asks group by group, until one has a healthy node.
func (v balancers) healthy(ctx context.Context, backend lb.Resource) (bool, error) {
	at := v.refOf(backend.Ref)
	for _, group := range backend.Fields["backends"] {
		url := urlBase + "projects/" + v.Project + "/" + group
		healthy, err := read(ctx, v.vpc, at.method("getHealth"), at.scope(), subject{"read the health of " + group, at.String()}, func(ctx context.Context) (bool, error) {
			return v.api.lbHealthy(ctx, at, url)
		})
		if healthy || err != nil {
			return healthy, err
		}
	}
	return false, nil
}

// readSubnets enters the network's subnetworks in the region: nodes may be in
// any, also in one that only another Network names.
func (v balancers) readSubnets(ctx context.Context, got lb.State) error {
	about := subject{"list the subnetworks", "projects/" + v.NetworkProject}
	list := func(ctx context.Context, token string) (page[subnetwork], error) {
		return v.api.subnetworks(ctx, v.NetworkProject, token)
	}
	return pages(ctx, v.vpc, methodSubnetworks, "", about, list, func(n subnetwork) error {
		if v.inNetwork(n.network) && n.region == v.Region && !n.isProxyOnly() {
			r := lb.Resource{Ref: lb.Ref{Kind: kindSubnet, Name: n.name}, Fields: lb.Fields{"ipCidrRange": {n.primary}}}
			got[r.Ref] = r
		}
		return nil
	})
}

func (v balancers) readKind(ctx context.Context, all lbRef, filter, clusterID string, got lb.State) error {
	if all.kind == kindAddress {
		filter = ""
	}
	method, spare := all.method("list"), func(hole) bool { return false }
	if all.isPool() {
		method, spare = all.method("aggregatedList"), v.spare(got)
	}
	list := func(ctx context.Context, token string) (page[lbObject], error) {
		return v.api.lbList(ctx, all, filter, token)
	}
	about := subject{"list the load balancers' " + collections[all.kind], string(all.scope())}
	return pagesBut(ctx, v.vpc, method, all.scope(), about, list, func(o lbObject) error {
		if all.kind == kindFirewall && !v.inNetwork(o.network) {
			return nil
		}
		r := resourceOf(all.kind, o)
		if r.Owner.ClusterID != clusterID {
			r.Owner = cloud.Owner{}
		}
		got[r.Ref] = r
		return nil
	}, spare)
}

func resourceOf(kind string, o lbObject) lb.Resource {
	r := lb.Resource{Ref: lb.Ref{Kind: kind, Scope: o.scope, Name: o.name}, Owner: ownerOf(o.name, o.description), Fields: o.fields, Version: o.version}
	r.Shared = r.Owner.Kind == lb.KindNodeSet
	switch kind {
	case kindAddress:
		r.Address = o.fields.One("address")
	case kindRule:
		r.Address = o.fields.One("IPAddress")
		r.Claims, r.Serves = pointsOf(r)
		if r.Scheme = lb.External; o.fields.One("loadBalancingScheme") == "INTERNAL" {
			r.Scheme = lb.Internal
		}
	case kindBackend:
		r.Health = lb.Unknown
	}
	return r
}

// pointsOf is what a rule's name, address and ports claim and serve, as Want
// has it.
func pointsOf(r lb.Resource) (claims, serves []string) {
	family, protocol, slot, ok := parseRuleRole(cloud.ParseMark(r.Name).Role)
	if r.Foreign() || !ok {
		return nil, nil
	}
	shape := ruleShape{protocol: protocol, slot: slot, ports: r.Fields["ports"]}
	if r.Fields.One("allPorts") == "true" {
		shape.ports = nil
	}
	return shape.claims(r.Fields.One("IPAddress")), shape.serves(family)
}

// relate fills in what each resource uses: by its fields and, for firewall
// rules, by the names that Want gives them.
func relate(got lb.State) {
	addresses := map[string][]lb.Resource{}
	for _, r := range got {
		if r.Kind == kindAddress && r.Address != "" {
			addresses[r.Address] = append(addresses[r.Address], r)
		}
	}
	for ref, r := range got {
		r.Uses = usesOf(r, addresses)
		r.Uses = slices.DeleteFunc(r.Uses, func(u lb.Ref) bool {
			_, there := got[u]
			return !there
		})
		got[ref] = r
	}
}

func usesOf(r lb.Resource, addresses map[string][]lb.Resource) (out []lb.Ref) {
	use := func(kind, name string) { out = append(out, lb.Ref{Kind: kind, Name: name}) }
	switch r.Kind {
	case kindRule:
		use(kindBackend, r.Fields.One("backendService"))
		for _, a := range addresses[r.Address] {
			if a.Fields.One("addressType") == r.Fields.One("loadBalancingScheme") {
				use(kindAddress, a.Name)
			}
		}
		if role := cloud.ParseMark(r.Name).Role; len(role) > 1 && !r.Foreign() {
			out = append(out, firewallOf(r.Owner, "w"+role[1:2]))
		}
	case kindBackend:
		for _, name := range r.Fields["healthChecks"] {
			use(kindCheck, name)
		}
		for _, group := range r.Fields["backends"] {
			if ref, ok := parseGroup("projects/-/" + group); ok {
				out = append(out, ref)
			}
		}
	case kindCheck:
		if role := cloud.ParseMark(r.Name).Role; !r.Foreign() && len(role) < 10 {
			out = append(out, firewallOf(r.Owner, probeRole(lb.IPv4, role)), firewallOf(r.Owner, probeRole(lb.IPv6, role)))
		}
	}
	return out
}

// readOne reads a resource as it is now; there is false where it is gone.
func (v balancers) readOne(ctx context.Context, ref lb.Ref) (r lb.Resource, there bool, err error) {
	at := v.refOf(ref)
	o, err := read(ctx, v.vpc, at.method("get"), at.scope(), subject{"read " + ref.Kind, at.String()}, func(ctx context.Context) (lbObject, error) {
		return v.api.lbGet(ctx, at)
	})
	if cloud.Is(err, cloud.NotFound) {
		return lb.Resource{}, false, nil
	}
	if err != nil {
		return lb.Resource{}, false, err
	}
	return resourceOf(ref.Kind, o), true, nil
}
