package build

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// list is what commas separate, without blanks around it.
func list(value string) (out []string) {
	for _, part := range strings.Split(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func choose[T any](value string, of map[string]T) (T, error) {
	for word, v := range of {
		if strings.EqualFold(word, value) {
			return v, nil
		}
	}
	var none T
	return none, fmt.Errorf("it is one of %s", strings.Join(slices.Sorted(maps.Keys(of)), ", "))
}

func set[T any](field *T, value string, of map[string]T) error {
	v, err := choose(value, of)
	if err == nil {
		*field = v
	}
	return err
}

func scheme(m *maker, v string) error {
	return set(&m.Balancer.Scheme, v, map[string]lb.Scheme{"Internal": lb.Internal, "External": lb.External})
}

func awsScheme(m *maker, v string) error {
	return set(&m.Balancer.Scheme, v, map[string]lb.Scheme{"internal": lb.Internal, "internet-facing": lb.External})
}

// awsInternal: cloud-provider-aws takes 0.0.0.0/0 for true, as its first
// version had it.
func awsInternal(m *maker, v string) error {
	return set(&m.Balancer.Scheme, v, map[string]lb.Scheme{"true": lb.Internal, "0.0.0.0/0": lb.Internal, "false": lb.External})
}

func addresses(m *maker, v string) error {
	if m.addresses = list(v); len(m.addresses) == 0 {
		return errors.New("it names no address")
	}
	return nil
}

func elasticIPs(m *maker, v string) error {
	all := list(v)
	if len(all) == 0 {
		return errors.New("it names no allocation")
	}
	for _, id := range all {
		if !strings.HasPrefix(id, "eipalloc-") {
			return fmt.Errorf("%q is no allocation ID such as eipalloc-0123456789abcdef0", id)
		}
	}
	m.reserved4 = strings.Join(all, ",")
	return nil
}

func attribute(key string) func(*maker, string) error {
	return func(m *maker, v string) error {
		if v == "" {
			return errors.New("it is empty")
		}
		m.attributeMap(key)[key] = strings.Join(list(v), ",")
		return nil
	}
}

func oneOf(key string, words ...string) func(*maker, string) error {
	of := map[string]string{}
	for _, w := range words {
		of[w] = w
	}
	return func(m *maker, v string) error {
		word, err := choose(v, of)
		if err == nil {
			m.attributeMap(key)[key] = word
		}
		return err
	}
}

func boolean(key string) func(*maker, string) error { return oneOf(key, "true", "false") }

func seconds(key string) func(*maker, string) error {
	return func(m *maker, v string) error {
		n, err := number(v, 0, 3600)
		if err == nil {
			m.attributeMap(key)[key] = strconv.Itoa(n)
		}
		return err
	}
}

func number(v string, least, most int) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("it is a number from %d to %d", least, most)
	}
	return n, nil
}

// pairs are k=v,k=v: under one key as they are, or each under its own key
// behind a prefix.
func pairs(key, prefix string) func(*maker, string) error {
	return func(m *maker, v string) error {
		all := list(v)
		for _, pair := range all {
			k, v, ok := strings.Cut(pair, "=")
			if !ok || strings.TrimSpace(k) == "" {
				return fmt.Errorf("%q is not key=value", pair)
			}
			if key == "" {
				m.attributeMap(prefix)[prefix+strings.TrimSpace(k)] = strings.TrimSpace(v)
			}
		}
		if key != "" && len(all) > 0 {
			slices.Sort(all)
			m.attributeMap(key)[key] = strings.Join(all, ",")
		}
		return nil
	}
}

// withoutEffect notes what the balancer cannot have as it is: the cloud
// would answer with something else, whatever is asked.
func (m *maker) withoutEffect() {
	say := func(format string, args ...any) { m.note(v1alpha1.ReasonAnnotationIgnored, format, args...) }
	internal, attributes := m.Balancer.Scheme == lb.Internal, m.Balancer.Attributes
	if attributes[lb.AttributeNetworkTier] == "Standard" {
		switch {
		case internal:
			delete(attributes, lb.AttributeNetworkTier)
			say("annotation cloud.google.com/network-tier: no effect: the network tier applies to external load balancers")
		case m.frontend(lb.IPv6) >= 0:
			say("annotation cloud.google.com/network-tier: Standard applies to IPv4 alone: IPv6 is always Premium")
		}
	}
	if attributes[lb.AttributeGlobalAccess] == "true" && !internal {
		delete(attributes, lb.AttributeGlobalAccess)
		say("annotation networking.gke.io/internal-load-balancer-allow-global-access: no effect: global access applies to internal load balancers")
	}
}

func weighted(m *maker, v string) error {
	if !strings.EqualFold(v, "pods-per-node") {
		return errors.New("it is pods-per-node")
	}
	if !m.to.LocalOnly {
		m.note(v1alpha1.ReasonAnnotationIgnored, "weighted load balancing is ignored: it needs externalTrafficPolicy Local")
		return nil
	}
	m.to.Attributes[lb.AttributeWeighted] = "true"
	return nil
}

func everyProxy(m *maker, v string) error {
	if v != "*" {
		return errors.New(`it is "*"`)
	}
	m.to.Attributes[proxyProtocol] = "true"
	return nil
}

func awsType(m *maker, v string) error {
	word, err := choose(v, map[string]string{"nlb": "nlb", "external": "external", "nlb-ip": "nlb-ip"})
	if err != nil {
		return err
	}
	m.closed = word != "nlb" // the AWS Load Balancer Controller's own default
	if word == "nlb-ip" {
		m.notPods("aws-load-balancer-type: nlb-ip")
	}
	return nil
}

func awsTargets(m *maker, v string) error {
	word, err := choose(v, map[string]string{"instance": "", "ip": "ip"})
	if err == nil && word != "" {
		m.notPods("aws-load-balancer-nlb-target-type: ip")
	}
	return err
}

func (m *maker) notPods(what string) {
	m.note(v1alpha1.ReasonAnnotationIgnored, "%s: pods as targets are not supported yet; the nodes are the targets", what)
}

func awsFamilies(m *maker, v string) error {
	return set(&m.families, v, map[string][]lb.Family{"ipv4": {lb.IPv4}, "dualstack": {lb.IPv4, lb.IPv6}})
}

func nodeLabels(m *maker, v string) error {
	got, err := labels.ConvertSelectorToLabelsMap(v)
	m.Nodes.Labels, m.nodesUnread = got, err != nil
	return err
}

func backendProtocol(_ *maker, v string) error {
	_, err := choose(cmp.Or(v, "tcp"), map[string]string{"tcp": "", "udp": "", "tcp_udp": ""})
	return err
}

// nodeCount: where nodes serve only pods of their own, all of them count.
func nodeCount(m *maker, v string) (err error) {
	if strings.EqualFold(v, "All") {
		m.to.Takes = 0
		return nil
	}
	if m.to.Takes, err = number(v, 1, 500); err != nil {
		return fmt.Errorf("%w, or All", err)
	}
	if m.to.LocalOnly {
		m.note(v1alpha1.ReasonAnnotationIgnored, "annotation vpcnative.dev/nodes is ignored: it needs externalTrafficPolicy Cluster; with Local every node serves its own pods")
	}
	return nil
}
