package invariants

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/hashicorp/go-multierror"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

// Part is a thing in the cloud that load balancers are made of.
type Part struct {
	Kind, Name string // as the cloud calls them
	Ours       bool
	For        string // the Service, as namespace/name; empty where several share it
	Says       string // what people look at first
	Port       string // that it listens on; empty where it does not
	Pool       bool   // it has nodes as members
	Members    []string
}

// Parts are Compute Engine's.
func Parts(all []gcesim.BalancingPart, rules []gcesim.Firewall) (out []Part) {
	for _, f := range rules {
		if o, ok := cloud.ParseDescription(f.Description); ok && ofBalancer(o) {
			out = append(out, Part{Kind: "firewall rule", Name: f.Name, Ours: named(f.Name), For: service(o), Says: fmt.Sprintf("%s from %s", strings.Join(f.Protocols, " "), few(f.Sources))})
		}
	}
	for _, b := range all {
		p := Part{Kind: kinds[b.Collection], Name: b.Path, Ours: named(b.Name), Says: b.Says, Port: b.Port, Pool: b.Group(), Members: b.Members}
		if o, ok := cloud.ParseDescription(b.Description); ok {
			p.For = service(o)
		}
		out = append(out, p)
	}
	return out
}

var kinds = map[string]string{
	"addresses": "address", "forwardingRules": "forwarding rule", "backendServices": "backend service", "healthChecks": "health check",
	"networkEndpointGroups": "endpoint group", "instanceGroups": "instance group",
}

// ofBalancer tells whether a firewall rule of that owner is a load balancer's.
func ofBalancer(o cloud.Owner) bool { return o.Kind == "Service" || o.Kind == "NodeSet" }

func service(o cloud.Owner) string {
	if o.Namespace == "" {
		return ""
	}
	return o.Namespace + "/" + o.Name
}

func few(list []netip.Prefix) string {
	if len(list) == 1 {
		return list[0].String()
	}
	return fmt.Sprintf("%d ranges", len(list))
}

// EC2Parts are those of EC2 and ELB. A rule in a VPC's default security group
// is ours where the story's people make none.
func EC2Parts(s *awssim.Sim) (out []Part) {
	add := func(kind, name string, tags map[string]string, says string) *Part {
		p := Part{Kind: kind, Name: name, Ours: named(name) || tags["vpcnative.dev/cluster-id"] != "", Says: says}
		if ns := tags["vpcnative.dev/namespace"]; ns != "" {
			p.For = ns + "/" + tags["vpcnative.dev/name"]
		}
		out = append(out, p)
		return &out[len(out)-1]
	}
	for _, b := range s.Balancers() {
		add("load balancer", b.Name, b.Tags, b.Scheme)
		for _, l := range b.Listeners {
			add("listener", fmt.Sprintf("%s %s %d", b.Name, l.Protocol, l.Port), b.Tags, fmt.Sprintf("%s %d", l.Protocol, l.Port)).Port = strconv.Itoa(l.Port)
		}
	}
	for _, g := range s.TargetGroups() {
		p := add("target group", g.Name, g.Tags, fmt.Sprintf("%s %d on %d targets", g.Protocol, g.Port, len(g.Targets)))
		p.Pool, p.Members = true, g.Targets
	}
	for _, g := range s.SecurityGroups() {
		add("security group", g.Name, g.Tags, fmt.Sprintf("%d rules", len(g.Rules)))
	}
	for id, tags := range s.ElasticIPs() {
		add("Elastic IP", id, tags, "")
	}
	for _, r := range s.DefaultRules() {
		out = append(out, Part{Kind: "security group rule", Name: r, Ours: true, Says: r})
	}
	return out
}

// NoParts is nil when none of ours is left (I5).
func NoParts(all []Part) error {
	var bad *multierror.Error
	for _, p := range all {
		if p.Ours {
			bad = multierror.Append(bad, fmt.Errorf("I5: %s %s (%s) is left, for Service %q", p.Kind, p.Name, p.Says, p.For))
		}
	}
	return bad.ErrorOrNil()
}
