package main

import (
	"context"
	"errors"
	"net/netip"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/test/lab/cluster"
)

// inCloud is what somebody does in the VPC, past the manager: to a machine's
// ranges and to machines, or to the cloud itself, which a hold makes slow. A
// proxy is a load balancer in front of an EndpointGroup, a neighbour a second
// cluster with one machine.
func (w *world) inCloud(ctx context.Context, args []string) error {
	if len(args) == 1 {
		return w.hold(args[0])
	}
	switch name := args[1]; args[0] {
	case "delete":
		return w.site.VPC.Delete(name)
	case "proxy":
		return w.proxy(ctx, name)
	case "neighbour":
		return w.neighbour(ctx, name)
	case "assign", "unassign":
		if len(args) == 3 {
			return w.byHand(args[0] == "assign", name, args[2])
		}
	}
	return unknown("cloud", args)
}

func (w *world) byHand(add bool, machine, cidr string) error {
	p, err := netip.ParsePrefix(cidr)
	if err != nil {
		return err
	}
	if add {
		return w.site.VPC.Assign(machine, p)
	}
	return w.site.VPC.Unassign(machine, p)
}

func (w *world) hold(verb string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case verb == "hold" && w.release == nil:
		w.release = w.site.VPC.Hold()
		return nil
	case verb == "release" && w.release != nil:
		w.release()
		w.release = nil
		return nil
	}
	return unknown("cloud", []string{verb})
}

// neighbour brings up a second cluster beside the first, and lets the two talk.
func (w *world) neighbour(ctx context.Context, machine string) error {
	if len(w.site.Clusters()) > 1 {
		return errors.New("there is a neighbour already")
	}
	w.say("starting a second cluster beside the first, with the machine " + machine)
	l, err := w.site.StartCluster(ctx, w.fail)
	if err != nil {
		return err
	}
	if _, err := l.AddMachine(ctx, machine); err != nil {
		return err
	}
	return errors.Join(w.site.VPC.Join(), w.ready(ctx, l, []string{machine}), w.settle(ctx, l, []string{machine}))
}

// proxy notes the address of a load balancer as "proxy.NAME".
func (w *world) proxy(ctx context.Context, name string) error {
	cloud, ok := w.site.VPC.(cluster.Proxier)
	if !ok {
		return unknown("cloud", []string{"proxy", name})
	}
	var group v1alpha1.EndpointGroup
	if err := w.first().API.Get(ctx, client.ObjectKey{Namespace: "default", Name: name}, &group); err != nil {
		return err
	}
	var ids []string
	for _, g := range group.Status.Groups {
		ids = append(ids, g.ID)
	}
	at, err := cloud.Proxy(ctx, w.site.Endpoint, name, ids)
	if err == nil {
		w.note("proxy."+name, at.String())
	}
	return err
}
