package build

import (
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
)

// Annotations are all that are understood. Of two about one thing the earlier
// one wins. docs/services.md has this table, and a test compares the two.
//
// The sources: ingress-gce pkg/annotations and GKE's guide to Service
// parameters; cloud-provider-aws pkg/providers/v1/aws.go; the AWS Load
// Balancer Controller's pkg/annotations/constants.go and its guide to NLBs.
var Annotations = concat(own, gke, sourceRanges, aws)

func concat(lists ...[]Annotation) (out []Annotation) {
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// own are ours. Each has a plain word for what several of the others say.
var own = []Annotation{
	{Key: loadbalancer.NetworkAnnotation, Values: "a Network's name", Effect: Followed,
		Meaning: "which Network's VPC; by default the only one, or `default`"},
	{Key: SchemeAnnotation, Values: "`Internal`, `External`", Effect: Followed,
		Meaning: "who can reach it: the VPC, or the internet; where nothing says so, what serves keeps what it has, and what is new is `External` but for some types of AWS", follow: scheme},
	{Key: "vpcnative.dev/addresses", Values: "addresses, or names of reserved ones", Effect: Followed,
		Meaning: "its addresses, at most one a family; names are given to the families in the order of `ipFamilies`", follow: addresses},
	{Key: "vpcnative.dev/subnets", Values: "names or IDs", Effect: Followed,
		Meaning: "the subnets of its own addresses: one on Google Cloud, one a zone on AWS ([which it has otherwise](#which-subnets-on-aws))", follow: attribute(lb.AttributeSubnets)},
	{Key: "vpcnative.dev/nodes", Cloud: "aws", Values: "a number from 1 to 500, `All`", Effect: Followed,
		Meaning: "how many nodes it sends to, and at least 3 in each zone: 25 by default ([which](#which-nodes-on-aws)); with `externalTrafficPolicy: Local` always all", follow: nodeCount},
	{Key: "vpcnative.dev/backends", Cloud: "gcp", Values: "`EndpointGroups`, `InstanceGroups`", Effect: Followed,
		Meaning: "zonal endpoint groups of nodes (the default), or instance groups", follow: oneOf(lb.AttributeBackends, lb.EndpointGroups, lb.InstanceGroups)},
}

// SchemeAnnotation says who is to reach it.
const SchemeAnnotation = ownPrefix + "scheme"

var gke = []Annotation{
	{Key: "networking.gke.io/load-balancer-type", Values: "`Internal`, `External`", Effect: Followed, Meaning: "as `vpcnative.dev/scheme`", follow: scheme},
	{Key: "cloud.google.com/load-balancer-type", Values: "`Internal`, `External`", Effect: Followed, Meaning: "as `vpcnative.dev/scheme`", follow: scheme},
	{Key: "networking.gke.io/load-balancer-ip-addresses", Cloud: "gcp", Values: "names of reserved addresses", Effect: Followed,
		Meaning: "as `vpcnative.dev/addresses`", follow: addresses},
	{Key: "networking.gke.io/load-balancer-subnet", Cloud: "gcp", Values: "a subnet's name", Effect: Followed,
		Meaning: "as `vpcnative.dev/subnets`", follow: attribute(lb.AttributeSubnets)},
	{Key: "networking.gke.io/internal-load-balancer-subnet", Cloud: "gcp", Values: "a subnet's name", Effect: Followed,
		Meaning: "as `vpcnative.dev/subnets`", follow: attribute(lb.AttributeSubnets)},
	{Key: "networking.gke.io/internal-load-balancer-allow-global-access", Cloud: "gcp", Values: "`true`, `false`", Effect: Followed,
		Meaning: "clients of every region reach an internal balancer", follow: boolean(lb.AttributeGlobalAccess)},
	{Key: "cloud.google.com/network-tier", Cloud: "gcp", Values: "`Premium`, `Standard`", Effect: Followed,
		Meaning: "the tier of an external IPv4 address; all others are Premium", follow: oneOf(lb.AttributeNetworkTier, "Premium", "Standard")},
	{Key: "networking.gke.io/weighted-load-balancing", Cloud: "gcp", Values: "`pods-per-node`", Effect: Followed,
		Meaning: "nodes get connections by the number of their pods; with `externalTrafficPolicy: Local`", follow: weighted},
	{Key: "networking.gke.io/l4-strong-session-affinity", Cloud: "gcp", Values: "`enabled`", Effect: Ignored,
		Meaning: "Google has it for chosen projects only"},
	{Key: "cloud.google.com/l4-rbs", Values: "`enabled`", Effect: Silent, Meaning: "every balancer is on backend services"},
	{Key: "cloud.google.com/neg*", Values: "JSON", Effect: Silent, Meaning: "endpoint groups of pods for Ingress, by GKE's controller"},
	{Key: "cloud.google.com/backend-config", Values: "JSON", Effect: Silent, Meaning: "for Ingress, by GKE's controller"},
	{Key: "cloud.google.com/app-protocols", Values: "JSON", Effect: Silent, Meaning: "for Ingress, by GKE's controller"},
	{Key: "networking.gke.io/transparent-health-checker", Values: "JSON", Effect: Silent, Meaning: "for Ingress, by GKE's controller"},
}

var sourceRanges = []Annotation{
	{Key: "service.beta.kubernetes.io/load-balancer-source-ranges", Values: "CIDRs", Effect: Followed,
		Meaning: "who may connect, where `loadBalancerSourceRanges` is empty", follow: func(m *maker, v string) error {
			m.sourceText = list(v)
			return nil
		}},
}
