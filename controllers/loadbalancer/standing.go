package loadbalancer

import (
	"errors"
	"strings"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// standing is how the balancer is after a plan. What is replaced serves, and
// clients are told of it alone, until what takes its place does.
func (c *Controller) standing(b lb.LoadBalancer, k *networkView, set lb.NodeSet, want []lb.Resource, plan lb.Actions, h handover, err error) finding {
	f := finding{ready: true, reason: v1alpha1.ReasonEnsured, ingress: k.Ingresses(b, k.view()), changed: len(plan) > 0, listeners: b.Listeners, looked: true}
	sendsTo, some := k.sendsTo(set, b.Owner, want)
	f.text = "the load balancer is as the Service says, and sends to " + sendsTo
	if !some {
		f.ready, f.reason, f.text = false, v1alpha1.ReasonNoNodes, "there are no nodes to send to"
		if len(set.Nodes) > 0 {
			f.text = "the load balancer sends to " + sendsTo
		}
	}
	for _, w := range want {
		for _, remark := range w.Remarks {
			f.text += "; " + remark
		}
	}
	switch {
	case err == nil && h.waits != "" && !h.shows:
		f.ready, f.reason, f.text = false, v1alpha1.ReasonPending, "what serves stays until what takes its place serves: "+h.waits
	case err == nil && len(f.ingress) == 0:
		if _, known := k.pending(b.Owner); !known {
			k.doubt(b.Owner)
		}
		f.ready, f.reason, f.text, f.again = false, v1alpha1.ReasonPending, "the cloud is still making it", pendingPause
	case err != nil && onlyAdmin(err):
		f.ready, f.reason, f.again = false, v1alpha1.ReasonNeedsAdmin, adminPause
		f.text, f.commands = err.Error(), commandsOf(err)
		for _, command := range f.commands {
			if !strings.Contains(f.text, command) {
				f.text += "; " + runThis + command
			}
		}
	case err != nil:
		f.ready, f.trouble, f.reason, f.text = false, err, string(cloud.ReasonOf(err)), err.Error()
	}
	if h.waits != "" {
		if f.again == 0 || f.again > h.again {
			f.again = h.again
		}
		if !h.shows { // nothing is said of the one that serves
			f.ingress, f.looked = nil, false
		}
	}
	return f
}

// onlyAdmin tells whether nothing but a person's rights is missing.
func onlyAdmin(err error) bool {
	is := true
	each(err, func(one error) {
		_, admin := errors.AsType[*lb.NeedsAdmin](one)
		is = is && admin
	})
	return is
}

// each visits the errors that were joined.
func each(err error, visit func(error)) {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range many.Unwrap() {
			each(one, visit)
		}
	} else if err != nil {
		visit(err)
	}
}

// runThis comes before a command.
const runThis = "have somebody with the rights run: "

// commandsOf are those by which somebody with more rights makes good what was
// refused.
func commandsOf(err error) (out []string) {
	for _, admin := range adminsOf(err) {
		out = append(out, admin.Command)
	}
	return out
}

func adminsOf(err error) (out []*lb.NeedsAdmin) {
	each(err, func(one error) {
		if admin, is := errors.AsType[*lb.NeedsAdmin](one); is {
			out = append(out, admin)
		}
	})
	return out
}

// impossible is what the cloud has no way to do. What is there stays.
func impossible(b lb.LoadBalancer, err error) finding {
	protocols := map[lb.Protocol]bool{}
	for _, l := range b.Listeners {
		protocols[l.Protocol] = true
	}
	f := refused(string(cloud.ReasonOf(err)), err)
	if errors.Is(err, lb.ErrMixedProtocols) {
		f.reason, f.mixed = v1alpha1.ReasonMixedProtocols, true
	}
	return f
}
