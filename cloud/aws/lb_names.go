package aws

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// Tags of what is ours. The name carries the mark, the tags the full values,
// and what ELB shows in no list.
const (
	tagPrefix    = "vpcnative.dev/"
	tagCluster   = tagPrefix + "cluster-id"
	tagKind      = tagPrefix + "kind"
	tagNamespace = tagPrefix + "namespace"
	tagOwner     = tagPrefix + "name"
	tagPort      = tagPrefix + "port"     // of a target group's listener
	tagSet       = tagPrefix + "node-set" // of a target group
	tagAttribute = tagPrefix + "attribute/"
)

// shared is the owner of what all balancers of a cluster have in common: the
// security group that marks their traffic, and the rules that let it in.
func shared(clusterID string) cloud.Owner { return lb.SetOwner(clusterID, "balancers") }

// marks are the two hashes of a mark, of the cluster and of the owner.
func marks(o cloud.Owner) (cluster, owner string) {
	m := cloud.ParseMark(o.ObjectName(0))
	return m.Cluster, m.Owner
}

// clusterPrefix begins the name of all that a cluster has.
func clusterPrefix(clusterID string) string {
	cluster, _ := marks(cloud.Owner{ClusterID: clusterID})
	return "vn-" + cluster + "-"
}

// shortName names what an owner has within the 32 characters of ELB: the two
// hashes of the mark and one of the role, which says what cannot be changed
// in place.
//
//	vn-<cluster>-<owner>-<letter><role>
func shortName(o cloud.Owner, letter string, role ...any) string {
	cluster, owner := marks(o)
	sum := sha256.Sum256([]byte(fmt.Sprint(role...)))
	return "vn-" + cluster + "-" + owner + "-" + letter + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:5]))
}

// ownerTags say in full whose something is.
func ownerTags(o cloud.Owner, name string) map[string]string {
	t := map[string]string{tagCluster: o.ClusterID, tagKind: o.Kind, tagOwner: o.Name, nameTag: name}
	if o.Namespace != "" {
		t[tagNamespace] = o.Namespace
	}
	return t
}

// ownerOf reads the owner of tags; it is zero unless the name carries its mark.
func ownerOf(name string, tags map[string]string) cloud.Owner {
	o := cloud.Owner{ClusterID: tags[tagCluster], Kind: tags[tagKind], Namespace: tags[tagNamespace], Name: tags[tagOwner]}
	cluster, owner := marks(o)
	if o.ClusterID == "" || !strings.HasPrefix(name, "vn-"+cluster+"-"+owner+"-") {
		return cloud.Owner{}
	}
	return o
}

// otherTags are the tags beside ours and AWS's own, as a field.
func otherTags(tags map[string]string) []string {
	out := map[string]string{}
	for key, value := range tags {
		if key != nameTag && !strings.HasPrefix(key, tagPrefix) && !strings.HasPrefix(key, "aws:") {
			out[key] = value
		}
	}
	return pairsOf(out)
}

func (r rule) isIPv6() bool {
	p, err := netip.ParsePrefix(r.cidr)
	return err == nil && p.Addr().Is6()
}

// text is a rule in a field: "tcp 80-90 10.0.0.0/8".
func (r rule) text() string {
	return fmt.Sprintf("%s %d-%d %s", r.protocol, r.from, r.to, cmp.Or(r.group, r.cidr))
}

func parseRule(text string) (r rule, err error) {
	parts := strings.Fields(text)
	if len(parts) != 3 {
		return r, fmt.Errorf("%q is no rule", text)
	}
	from, to, _ := strings.Cut(parts[1], "-")
	r.protocol = parts[0]
	if r.from, err = number(from); err != nil {
		return r, err
	}
	if r.to, err = number(to); err != nil {
		return r, err
	}
	if strings.HasPrefix(parts[2], "sg-") {
		r.group = parts[2]
	} else {
		r.cidr = parts[2]
	}
	return r, nil
}

// text is a health check in a field.
func (c check) text() string {
	return fmt.Sprintf("%s:%s%s every %d s, timeout %d s, healthy after %d, unhealthy after %d",
		c.protocol, c.port, c.path, c.interval, c.timeout, c.healthy, c.unhealthy)
}

func parseCheck(text string) (c check, err error) {
	at, rest, _ := strings.Cut(text, " ")
	var port string
	c.protocol, port, _ = strings.Cut(at, ":")
	if slash := strings.Index(port, "/"); slash >= 0 {
		port, c.path = port[:slash], port[slash:]
	}
	c.port = port
	_, err = fmt.Sscanf(rest, "every %d s, timeout %d s, healthy after %d, unhealthy after %d", &c.interval, &c.timeout, &c.healthy, &c.unhealthy)
	return c, err
}

// text is a subnet in a field.
func (z zoneOf) text() string {
	if given := z.allocation + z.private; given != "" {
		return z.subnet + "=" + given
	}
	return z.subnet
}

func parseZone(text string) zoneOf {
	subnet, given, _ := strings.Cut(text, "=")
	z := zoneOf{subnet: subnet}
	if strings.HasPrefix(given, "eipalloc-") {
		z.allocation = given
	} else {
		z.private = given
	}
	return z
}

func pairsOf(m map[string]string) (out []string) {
	for _, key := range keys(m) {
		out = append(out, key+"="+m[key])
	}
	return out
}

func mapOfPairs(list []string) map[string]string {
	out := map[string]string{}
	for _, pair := range list {
		key, value, _ := strings.Cut(pair, "=")
		out[key] = value
	}
	return out
}

// listenerRef names a listener: a balancer has one for a port number,
// whatever its protocol.
func listenerRef(balancer string, port int32) lb.Ref {
	return lb.Ref{Kind: kindListener, Name: balancer + "/" + strconv.Itoa(int(port))}
}

func ruleRef(group string, r rule) lb.Ref {
	return lb.Ref{Kind: kindRule, Name: fmt.Sprintf("%s/%s/%d-%d", group, r.protocol, r.from, r.to)}
}

// ruleOf reads what a rule's name says.
func ruleOf(name string) (group string, r rule, err error) {
	parts := strings.Split(name, "/")
	if len(parts) != 3 {
		return "", r, fmt.Errorf("%q names no rule", name)
	}
	r, err = parseRule(parts[1] + " " + parts[2] + " 0.0.0.0/0")
	r.cidr = ""
	return parts[0], r, err
}
