package aws

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// Want translates a balancer into a network load balancer, a target group and
// a listener for each port number, security groups for its clients, and what
// is shared: the security group that marks the balancers' traffic, and the
// rules that let it in to the nodes.
func (v balancers) Want(b lb.LoadBalancer, got lb.State) ([]lb.Resource, error) {
	w := &wanting{balancers: v, b: b, got: got}
	if err := b.Validate(); err != nil {
		return nil, w.refuse(cloud.Invalid, err, "change the Service")
	}
	var err error
	if w.to, err = b.SoleBackend(); err != nil {
		return nil, w.refuse(cloud.Invalid, err, "give each a load balancer of its own")
	}
	for _, step := range []func() error{w.families, w.attributes, w.ports, w.places, w.groups} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	w.nodeRules()
	balancer := w.balancer()
	check, err := w.check()
	if err != nil {
		return nil, err
	}
	if err := w.room(); err != nil {
		return nil, err
	}
	for _, p := range w.listeners {
		pool := w.pool(balancer, p, check)
		w.out = append(w.out, pool, listenerOf(balancer, p.protocol, p.port, pool.Ref))
	}
	w.out = append(w.out, balancer)
	return w.out, w.tag()
}

// tag adds the tags that the balancer asks for to what is the owner's. Those
// that are there stay: which of them somebody else put there cannot be told.
func (w *wanting) tag() error {
	asked := w.b.Attributes[lb.AttributeTags]
	if asked == "" {
		return nil
	}
	tags := mapOfPairs(strings.Split(asked, ","))
	for key := range tags {
		if key == nameTag || strings.HasPrefix(key, tagPrefix) || strings.HasPrefix(key, "aws:") {
			return w.invalid("choose another key", "the tag %s is not for Services to set", key)
		}
	}
	for n, x := range w.out {
		if x.Owner == w.b.Owner && (x.Kind == kindBalancer || x.Kind == kindPool || x.Kind == kindGroup) {
			all := mapOfPairs(w.got[x.Ref].Fields[fieldTags])
			maps.Copy(all, tags)
			w.out[n].Fields[fieldTags] = pairsOf(all)
		}
	}
	return nil
}

type wanting struct {
	balancers
	b    lb.LoadBalancer
	to   lb.Backend
	got  lb.State
	out  []lb.Resource
	dual bool
	// zones are the subnets, listeners the ports, each number once.
	zones     []zoneOf
	listeners []portOf
	remarks   []string // on the subnets
	// The names of security groups of ours, and IDs of others'.
	front    []string
	uses     []lb.Ref
	ofLB     map[string]string // attributes
	ofPool   map[string]string
	identity []string // what of its addresses makes it another balancer
}

// portOf is a listener: a port number, its protocol, the NodePort.
type portOf struct {
	protocol string
	port     int32
	node     int32
}

func (w *wanting) refuse(r cloud.Reason, err error, remedy string) error {
	return &cloud.Error{Reason: r, Act: "make a network load balancer", Resource: w.b.Owner.Namespace + "/" + w.b.Owner.Name, Err: err, Remedy: remedy}
}

func (w *wanting) invalid(remedy, format string, args ...any) error {
	return w.refuse(cloud.Invalid, fmt.Errorf(format, args...), remedy)
}

// invalidOf refuses a listener.
func (w *wanting) invalidOf(l lb.Listener, remedy, format string, args ...any) error {
	return w.refuse(cloud.Invalid, w.b.Refuse(l.From, fmt.Errorf(format, args...)), remedy)
}

func (w *wanting) families() error {
	four := false
	for _, f := range w.b.Frontends {
		four = four || f.Family == lb.IPv4
		w.dual = w.dual || f.Family == lb.IPv6
		if f.Family == lb.IPv6 && (f.Address.IsValid() || f.Reserved != "") {
			return w.invalid("leave the IPv6 address to AWS", "IPv6 addresses cannot be asked for yet")
		}
	}
	if !four {
		return w.invalid("make the Service IPv4 or dual stack", "a network load balancer has IPv4, alone or with IPv6")
	}
	return nil
}

// ports joins TCP and UDP of one number, which share a listener.
func (w *wanting) ports() error {
	for _, l := range w.b.Listeners {
		node := int32(l.To.NodePort)
		switch {
		case node == 0:
			return w.invalidOf(l, "let the Service have NodePorts (allocateLoadBalancerNodePorts)", "port %d has no NodePort", l.Port)
		case l.Protocol == lb.UDP && w.dual:
			return w.invalidOf(l, "make the Service IPv4, or take UDP into one of its own",
				"port %d is UDP, which a dual-stack network load balancer takes only to IPv6 targets", l.Port)
		}
		at := slices.IndexFunc(w.listeners, func(p portOf) bool { return p.port == int32(l.Port) })
		if at < 0 {
			w.listeners = append(w.listeners, portOf{string(l.Protocol), int32(l.Port), node})
			continue
		}
		if w.listeners[at].node != node {
			return w.invalidOf(l, "give both the same nodePort", "TCP and UDP of port %d share a target group, and have the NodePorts %d and %d: %w",
				l.Port, w.listeners[at].node, node, lb.ErrMixedProtocols)
		}
		w.listeners[at].protocol = "TCP_UDP"
	}
	if len(w.listeners) > maxListeners {
		return w.refuse(cloud.LimitExceeded, fmt.Errorf("it has %d ports, and a network load balancer takes %d", len(w.listeners), maxListeners), "split the Service")
	}
	return nil
}

// maxListeners is a fixed quota.
const maxListeners = 50

func (w *wanting) scheme() string {
	if w.b.Scheme == lb.Internal {
		return "internal"
	}
	return "internet-facing"
}

func (w *wanting) balancerName() string { return shortName(w.b.Owner, "l", w.scheme(), w.identity) }

func (w *wanting) balancer() lb.Resource {
	scheme, addresses := w.scheme(), "ipv4"
	if w.dual {
		addresses = "dualstack"
	}
	out := lb.Resource{
		Ref: lb.Ref{Kind: kindBalancer, Name: w.balancerName()}, Owner: w.b.Owner, Uses: w.uses, Scheme: w.b.Scheme, Remarks: w.remarks,
		Fields: lb.Fields{fieldScheme: {scheme}, fieldAddresses: {addresses}, fieldGroups: w.front, fieldAttributes: pairsOf(w.ofLB), fieldSubnets: {}},
	}
	for _, z := range w.zones {
		out.Fields[fieldSubnets] = append(out.Fields[fieldSubnets], z.text())
		if given := z.allocation + z.private; given != "" {
			out.Claims = append(out.Claims, given)
		}
	}
	return out
}

// listenerOf is a balancer's listener, which goes with it.
func listenerOf(balancer lb.Resource, protocol string, port int32, pool lb.Ref) lb.Resource {
	ref := listenerRef(balancer.Name, port)
	x := lb.Resource{Ref: ref, Owner: balancer.Owner, Claims: []string{ref.Name}, Uses: []lb.Ref{balancer.Ref, pool}, Within: balancer.Ref,
		Fields: lb.Fields{fieldProtocol: {protocol}, fieldPool: {pool.Name}}}
	for _, one := range strings.Split(protocol, "_") {
		x.Serves = append(x.Serves, one+"/"+strconv.Itoa(int(port)))
	}
	return x
}

// poolRef names a port's target group. One takes traffic of one balancer only:
// as long as another balancer of the owner's has it, another one stands beside
// it, whose name has the balancer too, and which then stays.
func (w *wanting) poolRef(balancer lb.Resource, p portOf) lb.Ref {
	plain := lb.Ref{Kind: kindPool, Name: shortName(w.b.Owner, "t", p.protocol, p.port, p.node)}
	beside := lb.Ref{Kind: kindPool, Name: shortName(w.b.Owner, "t", p.protocol, p.port, p.node, balancer.Name)}
	if _, there := w.got[beside]; there {
		return beside
	}
	for ref, x := range w.got {
		if ref.Kind == kindListener && x.Within != balancer.Ref && slices.Contains(x.Uses, plain) {
			return beside
		}
	}
	return plain
}

// pool is a port's target group. What cannot be changed is in its name.
func (w *wanting) pool(balancer lb.Resource, p portOf, check string) lb.Resource {
	attributes := map[string]string{connectionTermination: strconv.FormatBool(p.protocol != "TCP")}
	for key, value := range w.ofPool {
		attributes[key] = value
	}
	if p.protocol != "TCP" {
		dropOfUDP(attributes)
	}
	return lb.Resource{
		Ref: w.poolRef(balancer, p), Owner: w.b.Owner,
		Fields: lb.Fields{
			fieldProtocol: {p.protocol}, fieldPort: {strconv.Itoa(int(p.node))}, fieldTargets: {byInstance}, fieldCheck: {check}, fieldSet: {w.to.Nodes.Name},
			fieldListens: {strconv.Itoa(int(p.port))}, fieldAttributes: pairsOf(attributes),
		},
	}
}

func (w *wanting) check() (string, error) {
	c, h := check{protocol: "TCP", port: "traffic-port", interval: 10, timeout: 6, healthy: 2, unhealthy: 2}, w.to.Check
	// Health checks begin with the PROXY header too, which kube-proxy does not
	// understand: by its answers no node would ever be healthy.
	if h.HTTP && w.ofPool[proxyHeader] == "true" {
		if w.to.LocalOnly {
			return "", w.invalid("use externalTrafficPolicy Cluster, or leave out the PROXY protocol: nodes see the client's address as it is",
				"it has the PROXY protocol and externalTrafficPolicy Local, where kube-proxy says which nodes serve, and kube-proxy does not understand the protocol")
		}
		h.HTTP, h.Path, h.Port = false, "", 0
	}
	if h.HTTP {
		c.protocol, c.path = "HTTP", h.Path
	}
	if h.Port != 0 {
		c.port = strconv.Itoa(int(h.Port))
	}
	for _, n := range []struct {
		to          *int32
		given       int
		least, most int
		what        string
	}{
		{&c.interval, int(h.Interval.Seconds()), 5, 300, "the interval of health checks is %d s"},
		{&c.timeout, int(h.Timeout.Seconds()), 2, 120, "the timeout of health checks is %d s"},
		{&c.healthy, h.Healthy, 2, 10, "the healthy threshold is %d"},
		{&c.unhealthy, h.Unhealthy, 2, 10, "the unhealthy threshold is %d"},
	} {
		if n.given == 0 {
			continue
		}
		if n.given < n.least || n.given > n.most {
			return "", w.invalid(fmt.Sprintf("ELB takes %d to %d", n.least, n.most), n.what, n.given)
		}
		*n.to = int32(n.given)
	}
	if c.timeout >= c.interval && h.Timeout == 0 {
		c.timeout = c.interval - 1
	}
	if c.timeout >= c.interval {
		return "", w.invalid("make the timeout shorter than the interval", "health checks time out after %d s and come every %d s", c.timeout, c.interval)
	}
	return c.text(), nil
}

// room refuses more nodes than the balancer's target groups can have together,
// where each of them counts.
func (w *wanting) room() error {
	zones := map[string]bool{}
	for _, z := range w.zones {
		zones[w.got[lb.Ref{Kind: kindSubnet, Name: z.subnet}].Fields.One(fieldZone)] = true
	}
	if all := len(inZones(w.to.Nodes, zones)); w.to.LocalOnly && all > perGroup(len(w.listeners)) {
		return w.refuse(cloud.LimitExceeded, fmt.Errorf("%d nodes on %d ports are more than the %d targets that a network load balancer takes",
			all, len(w.listeners), maxTargets), "choose fewer nodes by labels, or use externalTrafficPolicy Cluster, for which some of the nodes are enough")
	}
	return nil
}

var errNoSubnets = errors.New("no subnet fits")
