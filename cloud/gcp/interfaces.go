package gcp

import (
	"context"
	"iter"
	"net/netip"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
)

type interfaces struct{ *vpc }

var (
	_ cloud.Interfaces = interfaces{}
	_ cloud.Space      = space{}
	_ cloud.Ranges     = (*ranges)(nil)
)

// List reads the instances page by page, all zones of a project at once. A
// zone that did not answer is an error: its machines hold addresses too.
func (v interfaces) List(ctx context.Context) iter.Seq2[cloud.Interface, error] {
	return func(yield func(cloud.Interface, error) bool) {
		names := interned{}
		for _, project := range v.projects {
			if !v.listProject(ctx, project, names, yield) {
				return
			}
		}
	}
}

// stop ends a list whose reader has had enough.
type stop struct{ error }

func (v interfaces) listProject(ctx context.Context, project string, names interned, yield func(cloud.Interface, error) bool) bool {
	about := subject{"list the instances", "projects/" + project}
	err := pages(ctx, v.vpc, methodInstances, scope("projects/"+project), about, of(project, v.api.instances), func(i instance) error {
		got, in, err := v.read(instanceRef{project: project, zone: i.zone, name: i.name}, i, names)
		if err == nil && in && !yield(got, nil) {
			return stop{}
		}
		return err
	})
	switch err.(type) {
	case nil:
		return true
	case stop:
		return false
	}
	return yield(cloud.Interface{}, err) && false
}

// Get reads one instance by its name, so that it finds the machine that has
// it now.
func (v interfaces) Get(ctx context.Context, providerID string) (cloud.Interface, error) {
	ref, err := v.resolve("read the interface", providerID)
	if err != nil {
		return cloud.Interface{}, err
	}
	return v.get(ctx, ref)
}

func (v interfaces) get(ctx context.Context, ref instanceRef) (cloud.Interface, error) {
	about := subject{"read the interface", ref.String()}
	i, err := read(ctx, v.vpc, methodInstance, ref.scope(), about, func(ctx context.Context) (instance, error) {
		return v.api.instance(ctx, ref)
	})
	if err != nil {
		return cloud.Interface{}, err
	}
	got, _, err := v.read(ref, i, interned{})
	return got, err
}

// read makes the port's value of an instance. The interface is nic0: the
// one that holds the node's own address. What other interfaces hold in the
// network is told apart. The bool reports whether any is in the network.
func (v interfaces) read(ref instanceRef, i instance, names interned) (cloud.Interface, bool, error) {
	got := cloud.Interface{Instance: ref.providerID(), InstanceUID: i.id}
	in := false
	for n, card := range i.nics {
		here := v.inNetwork(card.network)
		in = in || here
		if n == 0 {
			got.Subnet, got.SubnetName = v.subnetOf(card.subnetwork, names)
			got.Version = card.fingerprint
		}
		if !here {
			continue
		}
		if n == 0 {
			got.Delegated = delegated(card)
		}
		for _, a := range card.aliases {
			p, err := parseRange(a.cidr)
			if err != nil {
				return got, in, misread("read the alias ranges", ref.String(), err)
			}
			if n == 0 {
				got.Attachments = append(got.Attachments, cloud.Attachment{Prefix: p, Range: names.of(a.rng)})
			} else {
				got.Elsewhere = append(got.Elsewhere, p)
			}
		}
		for _, a := range card.aliases6 {
			p, err := parseRange(a.cidr)
			if err != nil {
				return got, in, misread("read the IPv6 alias ranges", ref.String(), err)
			}
			got.Elsewhere = append(got.Elsewhere, p)
		}
	}
	return got, in, nil
}

// subnetOf names the interface's subnetwork: for the cloud, where it is one
// of the nodes', and for a person.
func (v interfaces) subnetOf(url string, names interned) (subnet, name string) {
	ref, ok := parseSubnetURL(url)
	if !ok {
		return "", names.of(url)
	}
	for _, s := range v.Subnetworks {
		if ref == v.subnetRef(s) {
			subnet = s
		}
	}
	return subnet, names.of(ref.region + "/" + ref.name)
}

// interned keeps one copy of each name that thousands of instances share.
type interned map[string]string

func (n interned) of(s string) string {
	if kept, ok := n[s]; ok {
		return kept
	}
	s = strings.Clone(s)
	n[s] = s
	return s
}

// Wait returns when the zone's operation is done.
func (v interfaces) Wait(ctx context.Context, o cloud.Operation) error {
	if o.Done() {
		return nil
	}
	about := subject{o.Act, o.Scope + "/operations/" + o.ID}
	if _, kind, _ := scope(o.Scope).split(); kind == "" {
		return &cloud.Error{Reason: cloud.Invalid, Act: o.Act, Resource: o.Scope, Remedy: "an operation's scope reads projects/p/zones/z"}
	}
	op, err := v.ops.wait(ctx, scope(o.Scope), o.ID, about)
	if err != nil {
		return err
	}
	return op.failure(methodUpdate, about)
}

// kept are the alias ranges to send back: the exact list that was read.
func kept(list []cloud.Attachment, but netip.Prefix) []alias {
	got := make([]alias, 0, len(list)+1)
	for _, a := range list {
		if a.Prefix != but {
			got = append(got, alias{a.Prefix.String(), a.Range})
		}
	}
	return got
}
