package aws

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
)

type interfaces struct{ *vpc }

var (
	_ cloud.Interfaces = interfaces{}
	_ cloud.Space      = space{}
	_ cloud.Ranges     = ranges{}
)

// List reads the network interfaces of the VPC page by page. The interfaces
// of one instance may be on several pages, so nothing is given before the last.
func (v interfaces) List(ctx context.Context) iter.Seq2[cloud.Interface, error] {
	return func(yield func(cloud.Interface, error) bool) {
		if err := v.knowPairs(ctx); err != nil {
			yield(cloud.Interface{}, err)
			return
		}
		machines, _, err := v.machines(ctx)
		if err != nil {
			yield(cloud.Interface{}, err)
			return
		}
		for _, id := range slices.Sorted(maps.Keys(machines)) {
			cards := machines[id]
			got, err := v.read(machineRef{cards[0].zone, id}, cards)
			if !yield(got, err) || err != nil {
				return
			}
		}
	}
}

// machines are the interfaces in the VPC by their instances, and the IDs of all,
// also of those that are in none.
func (v *vpc) machines(ctx context.Context) (by map[string][]card, ids map[string]bool, err error) {
	by, ids = map[string][]card{}, map[string]bool{}
	err = v.eachCard(ctx, "vpc-id", v.VPC, func(c card) error {
		ids[c.id] = true
		if c.instance != "" {
			by[c.instance] = append(by[c.instance], c)
		}
		return nil
	})
	return by, ids, err
}

func (v *vpc) eachCard(ctx context.Context, filter, id string, take func(card) error) error {
	about := subject{"list the network interfaces", id}
	list := func(ctx context.Context, token string) (page[card], error) {
		return v.api.networkInterfaces(ctx, filter, id, token)
	}
	return pages(ctx, v, actionInterfaces, about, list, take)
}

// Get reads one instance. One that is terminated is gone, though EC2 shows it
// for an hour.
func (v interfaces) Get(ctx context.Context, providerID string) (cloud.Interface, error) {
	ref, err := v.resolve("read the interface", providerID)
	if err != nil {
		return cloud.Interface{}, err
	}
	_, got, err := v.get(ctx, ref)
	return got, err
}

func (v interfaces) get(ctx context.Context, ref machineRef) (machine, cloud.Interface, error) {
	about := subject{"read the interface", ref.String()}
	m, err := read(ctx, v.vpc, actionInstances, about, func(ctx context.Context) (machine, error) { return v.api.instance(ctx, ref.id) })
	if err != nil {
		return m, cloud.Interface{}, err
	}
	if m.state == "terminated" {
		return m, cloud.Interface{}, &cloud.Error{Reason: cloud.NotFound, Act: about.act, Resource: about.resource,
			Err: errors.New("the instance is terminated"), Remedy: "nothing to do: the machine is gone"}
	}
	if m.zone != "" && m.zone != ref.zone { // by another name it would be another instance
		return m, cloud.Interface{}, &cloud.Error{Reason: cloud.WrongCloud, Act: about.act, Resource: about.resource,
			Err: errors.New("the instance is in zone " + m.zone), Remedy: "have the Node's providerID, or its label topology.kubernetes.io/zone, say so"}
	}
	here := slices.DeleteFunc(slices.Clone(m.cards), func(c card) bool { return c.vpc != v.VPC })
	if len(here) == 0 {
		return m, cloud.Interface{}, &cloud.Error{Reason: cloud.WrongCloud, Act: about.act, Resource: about.resource,
			Err: errors.New("none of its interfaces is in VPC " + v.VPC), Remedy: "name the machine's VPC in its Network, or take its Node out of the cluster"}
	}
	if err := v.knowPairs(ctx); err != nil {
		return m, cloud.Interface{}, err
	}
	got, err := v.read(ref, here)
	got.Machine = m.kind
	return m, got, err
}

// knowPairs has the subnets read once, where nobody has read the VPC yet.
func (v interfaces) knowPairs(ctx context.Context) error {
	if _, ok := v.known.pairsOf(""); ok {
		return nil
	}
	return v.listSubnets(ctx, &occupancy{subnets: map[string]*cloud.Subnet{}})
}

// read makes the port's value of an instance's interfaces in the VPC. What
// its primary one holds in prefixes are attachments, what the others hold is
// elsewhere. Single addresses are neither: they are in the subnet's Used.
func (v interfaces) read(ref machineRef, cards []card) (cloud.Interface, error) {
	got := cloud.Interface{Instance: ref.providerID(), InstanceUID: ref.id}
	for _, c := range cards {
		prefixes, err := parseAll(c.prefixes)
		if err != nil {
			return got, misread(subject{"read the prefixes", c.id}, err)
		}
		if !c.primary() {
			got.Elsewhere = append(got.Elsewhere, joined(prefixes)...)
			continue
		}
		// The interface's ID is its version: it never changes hands, and none
		// comes back.
		got.Version, got.SubnetName = c.id, c.subnet
		got.Slots = ipv4(c.addresses) + ipv4(c.prefixes)
		got.Singles = c.singles()
		if v.isNodeSubnet(c.subnet) {
			got.Subnet = c.subnet
			got.Paired, _ = v.known.pairsOf(c.subnet)
		}
		got.Attachments = v.attachments(c.subnet, prefixes)
	}
	slices.SortFunc(got.Elsewhere, netip.Prefix.Compare)
	return got, nil
}

// singles are the IPv4 addresses of an interface but its own.
func (c card) singles() (out []netip.Addr) {
	for _, text := range c.addresses {
		if a, err := netip.ParseAddr(text); err == nil && a.Is4() && text != c.address && c.address != "" {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return out
}

// ipv4 counts what takes slots of an interface; those of IPv6 are apart.
func ipv4(texts []string) (n int) {
	for _, text := range texts {
		if !strings.Contains(text, ":") {
			n++
		}
	}
	return n
}

// attachments joins the prefixes of each range that is known.
func (v interfaces) attachments(subnetID string, prefixes []netip.Prefix) (held []cloud.Attachment) {
	of := map[string][]netip.Prefix{}
	for _, p := range prefixes {
		name := v.known.rangeOf(subnetID, p)
		of[name] = append(of[name], p)
	}
	for name, list := range of {
		for _, p := range joined(list) {
			held = append(held, cloud.Attachment{Prefix: p, Range: name})
		}
	}
	slices.SortFunc(held, func(a, b cloud.Attachment) int { return a.Prefix.Compare(b.Prefix) })
	return held
}

// ExplainNoIPv6 reads the subnets again: its own may have got an IPv6 block.
func (v interfaces) ExplainNoIPv6(ctx context.Context, i cloud.Interface) error {
	const act = "find the IPv6 range"
	ref, err := v.resolve(act, i.Instance)
	if err != nil {
		return err
	}
	_, now, err := v.get(ctx, ref)
	if err != nil {
		return err
	}
	if err := v.listSubnets(ctx, &occupancy{subnets: map[string]*cloud.Subnet{}}); err != nil {
		return err
	}
	if p, _ := v.known.pairsOf(now.Subnet); p != nil {
		return &cloud.Error{Reason: cloud.Stale, Act: act, Resource: ref.String(), Err: fmt.Errorf("subnet %s has IPv6 block %s by now", now.Subnet, p)}
	}
	return &cloud.Error{Reason: cloud.NotFound, Act: act, Resource: ref.String(),
		Err:    fmt.Errorf("its subnet %s has no IPv6 block", now.SubnetName),
		Remedy: "associate an IPv6 block with the VPC and a /64 of it with the subnet",
	}
}

// Wait has nothing to wait for: a change is made when its reply comes.
func (v interfaces) Wait(_ context.Context, o cloud.Operation) error {
	if o.Done() {
		return nil
	}
	return &cloud.Error{Reason: cloud.Invalid, Act: o.Act, Resource: o.Scope, Err: errors.New("EC2 has no operation " + o.ID),
		Remedy: "look at the interface itself"}
}
