package gcp

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/vpcnative/vpcnative/cloud"
)

const (
	// bitsOfInterface is the length of the range that an interface with IPv6
	// has, whatever machine it is in.
	// Source: cloud.google.com/compute/docs/ip-addresses/configure-ipv6-address.
	bitsOfInterface = 96
	// bitsOfPods is the length of its first part, which is the pods'. The
	// machine's own address is the first of it. Source: kubernetes/cloud-provider-gcp,
	// which publishes the same part in podCIDRs.
	bitsOfPods = 112
)

// delegated returns the pods' part of the interface's own IPv6 range. A range
// that has no such part gives none: it is nothing that we carve from, so it
// must not keep the machine from being read.
func delegated(card nic) netip.Prefix {
	if len(card.ipv6) == 0 {
		return netip.Prefix{}
	}
	first, err := netip.ParseAddr(card.ipv6[0].first)
	bits := card.ipv6[0].bits
	if bits == 0 {
		bits = bitsOfInterface
	}
	all := netip.PrefixFrom(first, bits).Masked()
	if err != nil || !first.Is6() || first.Is4In6() || !all.IsValid() || all.Addr() != first || bits > bitsOfPods {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(first, bitsOfPods)
}

// ExplainNoIPv6 reads the instance and its subnetwork.
func (v interfaces) ExplainNoIPv6(ctx context.Context, i cloud.Interface) error {
	const act = "find the IPv6 range"
	ref, err := v.resolve(act, i.Instance)
	if err != nil {
		return err
	}
	about := subject{act, ref.String()}
	vm, err := read(ctx, v.vpc, methodInstance, ref.scope(), about, func(ctx context.Context) (instance, error) {
		return v.api.instance(ctx, ref)
	})
	if err != nil {
		return err
	}
	if len(vm.nics) == 0 {
		return misread(act, ref.String(), errors.New("the cloud gave a machine without interfaces"))
	}
	card := vm.nics[0]
	if p := delegated(card); p.IsValid() {
		return &cloud.Error{Reason: cloud.Stale, Act: act, Resource: about.resource, Err: fmt.Errorf("it has %s by now", p)}
	}
	at, ok := parseSubnetURL(card.subnetwork)
	if !ok {
		return misread(act, ref.String(), fmt.Errorf("the cloud gave %q, which names no subnetwork", card.subnetwork))
	}
	about.resource = at.String()
	sub, err := read(ctx, v.vpc, methodSubnetwork, at.scope(), about, func(ctx context.Context) (subnetwork, error) {
		return v.api.subnetwork(ctx, at)
	})
	if err != nil {
		return err
	}
	about.resource = ref.String()
	return without(about, card, sub, at.region+"/"+at.name)
}

const (
	ipv4Only  = "IPV4_ONLY"
	dualStack = "IPV4_IPV6"
)

// without says what has to change for the interface to have IPv6.
func without(about subject, card nic, sub subnetwork, where string) error {
	remedy := "make the interface dual stack, or create the machine again with stack type " + dualStack
	switch {
	case sub.stack != dualStack:
		remedy = "make the subnetwork dual stack (gcloud compute networks subnets update " + sub.name + " --stack-type=" + dualStack +
			" --ipv6-access-type=INTERNAL or EXTERNAL), and then the interface"
	case len(card.ipv6) > 0:
		remedy = fmt.Sprintf("its IPv6 range is %s/%d, of which pods can have no /%d: create the machine again", card.ipv6[0].first, card.ipv6[0].bits, bitsOfPods)
	case card.stack == dualStack:
		remedy = "give the interface an IPv6 access configuration: its subnetwork's IPv6 addresses are external ones"
	}
	return &cloud.Error{
		Reason: cloud.NotFound, Act: about.act, Resource: about.resource, Remedy: remedy,
		Err: errors.New("the stack type of " + firstInterface + " is " + orIPv4(card.stack) + ", and that of its subnetwork " + where + " is " + orIPv4(sub.stack)),
	}
}

func orIPv4(stack string) string {
	if stack == "" {
		return ipv4Only
	}
	return stack
}
