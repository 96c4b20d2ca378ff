package gcp

import (
	"context"
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
)

// What a subnetwork is for. One active proxy-only subnetwork serves all
// regional load balancers that run on Envoy; INTERNAL_HTTPS_LOAD_BALANCER is
// its older name, and a region has either.
// Source: cloud.google.com/load-balancing/docs/proxy-only-subnets.
const (
	purposeProxy       = "REGIONAL_MANAGED_PROXY"
	purposeOldProxy    = "INTERNAL_HTTPS_LOAD_BALANCER"
	purposeGlobalProxy = "GLOBAL_MANAGED_PROXY"
	roleActive         = "ACTIVE"
)

// smallestProxies is the longest prefix that a proxy-only subnetwork may have.
const smallestProxies = 26

func (n subnetwork) isProxyOnly() bool {
	return slices.Contains([]string{purposeProxy, purposeOldProxy, purposeGlobalProxy}, n.purpose)
}

// proxies makes and removes the region's proxy-only subnetwork.
type proxies struct{ *vpc }

// Ensure makes the subnetwork where there is none of its name.
func (v proxies) Ensure(ctx context.Context, s cloud.ProxySubnet) error {
	return v.settle(ctx, &proxyEdit{attempt: attempt{vpc: v.vpc, about: v.subject("create proxy-only subnetwork ", s)}, want: s, add: true})
}

// Delete removes it.
func (v proxies) Delete(ctx context.Context, s cloud.ProxySubnet) error {
	return v.settle(ctx, &proxyEdit{attempt: attempt{vpc: v.vpc, about: v.subject("delete proxy-only subnetwork ", s)}, want: s})
}

func (v proxies) subject(act string, s cloud.ProxySubnet) subject {
	return subject{act + s.Name + " (" + s.Prefix.String() + ")", v.subnetRef(s.Name).String()}
}

// proxyEdit is the making or the removal of a proxy-only subnetwork.
type proxyEdit struct {
	attempt
	want cloud.ProxySubnet
	add  bool // or remove
}

// settle reads, decides and changes until the subnetwork is as wanted. Only
// an unknown outcome and one that is in the midst of another change are worth
// another try: nobody else's request can help ours along.
func (v proxies) settle(ctx context.Context, e *proxyEdit) error {
	if err := e.check(); err != nil {
		return err
	}
	return e.attempt.settle(ctx, e.needed, e.send, e.worthAgain)
}

func (e *proxyEdit) check() error {
	if !e.want.Prefix.Addr().Is4() || e.want.Prefix != e.want.Prefix.Masked() {
		return e.refuse(cloud.Invalid, "the prefix is no IPv4 range in its canonical form", "give an IPv4 prefix without host bits")
	}
	if e.add && e.want.Prefix.Bits() > smallestProxies {
		return e.refuse(cloud.Invalid, "a proxy-only subnetwork has at least 64 addresses", "ask for a /26 or larger; a /23 is what Google advises to start with")
	}
	return nil
}

// worthAgain reports whether to read and try again after a failed request.
func (e *proxyEdit) worthAgain(err error) bool {
	if cloud.Is(err, cloud.OutcomeUnknown) {
		e.unsure = err
		return true
	}
	e.request = ""
	switch cloud.ReasonOf(err) {
	case cloud.Stale:
		return true
	case cloud.Conflict: // it may be with our own earlier request
		return e.unsure != nil
	case cloud.NotFound:
		return !e.add
	}
	return false
}

// rival finds out whether a refusal that is merely "invalid" comes from another
// active proxy-only subnetwork: no documented text says so.
func (e *proxyEdit) rival(ctx context.Context, refused error) error {
	b := &occupancy{}
	if err := (space{e.vpc}).readSubnets(ctx, b, map[string]cloud.Subnet{}); err != nil {
		return refused
	}
	other := b.proxies[e.Region]
	if other == nil || other.Name == e.want.Name {
		return refused
	}
	return e.refuse(cloud.Conflict, "region "+e.Region+" has the active proxy-only subnetwork "+other.Name+" ("+other.Prefix.String()+")",
		"use that one: a network has one for each region")
}

func (e *proxyEdit) ref() subnetRef { return e.subnetRef(e.want.Name) }

// needed reads the subnetwork and reports whether it has to be made or removed.
func (e *proxyEdit) needed(ctx context.Context) (bool, error) {
	now, err := read(ctx, e.vpc, methodSubnetwork, e.ref().scope(), e.about, func(ctx context.Context) (subnetwork, error) {
		return e.api.subnetwork(ctx, e.ref())
	})
	if cloud.Is(err, cloud.NotFound) {
		return e.add, nil
	}
	if err != nil {
		return false, err
	}
	p, err := parseRange(now.primary)
	switch {
	case err != nil || p != e.want.Prefix || !e.inNetwork(now.network) || !now.isProxyOnly():
		return false, e.refuse(cloud.Conflict, "a subnetwork of that name is there with range "+now.primary+" and purpose "+now.purpose,
			"it was not made by this request; give it another name or remove it by hand")
	case e.add && now.role != roleActive:
		return false, e.refuse(cloud.Conflict, "it is there with role "+now.role, "another one was made active; use that, or make this one active again by hand")
	}
	return !e.add, nil
}

// send makes or removes it, and waits until the cloud is done.
func (e *proxyEdit) send(ctx context.Context) error {
	method := methodDeleteSubnet
	if e.add {
		method = methodInsertSubnet
	}
	op, err := e.change(ctx, method, e.ref().scope(), e.about, func(ctx context.Context) (operation, error) {
		if e.add {
			return e.api.insertProxySubnet(ctx, e.ref(), proxyInsert{
				network: e.networkPath(), cidr: e.want.Prefix.String(), description: e.want.Description, requestID: e.requestID(),
			})
		}
		return e.api.deleteSubnetwork(ctx, e.ref(), e.requestID())
	})
	if err == nil {
		e.request = "" // its operation tells how it ended
		err = e.finish(ctx, method, e.ref().scope(), op)
	}
	if e.add && cloud.Is(err, cloud.Invalid) {
		return e.rival(ctx, err)
	}
	return err
}
