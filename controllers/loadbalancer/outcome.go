package loadbalancer

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// Outcome is how an owner's balancer stands, in the words of a condition.
type Outcome struct {
	Ready        bool
	Reason, Text string
	Ingress      []lb.Ingress
	// Commands are for somebody with more rights to run.
	Commands []string
	// Mixed: the cloud cannot have its protocols together.
	Mixed bool
	// Changed: something was done.
	Changed bool
	// Looked: Ingress is where it can be reached by what was read, and nowhere
	// where there is none.
	Looked bool
	// Trouble is tried again, later each time; Again says when to look.
	Trouble error
	Again   time.Duration
	// Quiet: there is nothing to say.
	Quiet bool
}

// Refused is about what only a change of the owner or of a Network mends.
func Refused(err error) Outcome {
	return Outcome{Reason: conditions.ReasonOf(err), Text: err.Error(), Again: refusedPause}
}

// Troubled is about what may come off the next time.
func Troubled(err error) Outcome {
	return Outcome{Reason: string(cloud.ReasonOf(err)), Text: err.Error(), Trouble: err}
}

// impossible is what the cloud has no way to do. What is there stays.
func impossible(err error) Outcome {
	is := Refused(err)
	if errors.Is(err, lb.ErrMixedProtocols) {
		is.Reason, is.Mixed = v1alpha1.ReasonMixedProtocols, true
	}
	return is
}

// wouldBe is all that a dry run does.
func wouldBe(plan lb.Actions, nodes int) Outcome {
	return Outcome{Ready: true, Reason: v1alpha1.ReasonPlanned, Text: "dry run, nothing is changed: " + plan.String() + backendNodes(nodes)}
}

// standing is how the balancer is after a plan. What is replaced serves, and
// clients are told of it alone, until what takes its place does.
func (e *Engine) standing(b lb.LoadBalancer, k *View, goal lb.Goal, plan lb.Actions, h handover, err error) Outcome {
	is := Outcome{Ready: true, Reason: v1alpha1.ReasonEnsured, Ingress: k.Ingresses(b, k.view()), Changed: len(plan) > 0, Looked: true}
	is.sends(k, b, goal.Want)
	switch {
	case err == nil && h.waits != "" && !h.shows:
		is.Ready, is.Reason, is.Text = false, v1alpha1.ReasonPending, "the previous load balancer serves until its replacement does: "+h.waits
	case err == nil && len(is.Ingress) == 0:
		if _, known := k.pending(b.Owner); !known {
			k.doubt(b.Owner)
		}
		is.Ready, is.Reason, is.Text, is.Again = false, v1alpha1.ReasonPending, "the cloud is still provisioning it", pendingPause
	case err != nil:
		is.failed(err)
	case len(goal.Refused) > 0:
		is.Ready, is.Reason, is.Text = false, conditions.ReasonOf(goal.Refused[0]), refusedText(goal.Refused)+"; "+is.Text
	}
	if h.waits != "" {
		if is.Again == 0 || is.Again > h.again {
			is.Again = h.again
		}
		if !h.shows { // nothing is said of the one that serves
			is.Ingress, is.Looked = nil, false
		}
	}
	return is
}

// refusedText says what is left out, and whose it is.
func refusedText(list []*lb.Refusal) string {
	var out []string
	for _, r := range list {
		out = append(out, r.Error())
	}
	return strings.Join(out, "; ")
}

// sends enters to how many nodes the balancer sends, and what there is to say
// of what it is made of.
func (is *Outcome) sends(k *View, b lb.LoadBalancer, want []lb.Resource) {
	sendsTo, some := k.sendsTo(b, want)
	is.Text = "in sync; " + sendsTo
	if !some {
		is.Ready, is.Reason, is.Text = false, v1alpha1.ReasonNoNodes, "no backend nodes"
		if slices.ContainsFunc(b.NodeSets(), func(s lb.NodeSet) bool { return len(s.Nodes) > 0 }) {
			is.Text = sendsTo
		}
	}
	for _, w := range want {
		for _, remark := range w.Remarks {
			is.Text += "; " + remark
		}
	}
}

// failed enters what failed of a plan; nothing but a person's rights may have.
func (is *Outcome) failed(err error) {
	is.Ready, is.Text = false, err.Error()
	if !onlyAdmin(err) {
		is.Trouble, is.Reason = err, string(cloud.ReasonOf(err))
		return
	}
	is.Reason, is.Again, is.Commands = v1alpha1.ReasonNeedsAdmin, adminPause, commandsOf(err)
	for _, command := range is.Commands {
		if !strings.Contains(is.Text, command) {
			is.Text += "; " + RunThis + command
		}
	}
}

// onlyAdmin reports whether nothing but a person's rights is missing.
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

// RunThis comes before a command.
const RunThis = "have somebody with the rights run: "

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
