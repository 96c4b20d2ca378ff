package loadbalancer

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/wanted"
)

// goal is what the Service is to have, and what its clients know by now.
func (c *Controller) goal(s *corev1.Service, asked wanted.Result, want []lb.Resource) lb.Goal {
	m := c.remember(client.ObjectKeyFromObject(s))
	m.see(s, c.Now())
	return lb.Goal{Owner: asked.Balancer.Owner, Want: want, Unprotect: unprotected(asked), Told: m.known(c.Now(), c.AddressHold), ForAdmin: m.forAdmin}
}

// unprotected tells whether the Service asks for no protection of its load
// balancer from deletion, or no longer.
func unprotected(asked wanted.Result) bool {
	return asked.Balancer.Attributes[lb.AttributeProtected] != "true"
}

// see notes since when the Service's status shows which addresses. A manager
// that starts takes them for new: an old load balancer stays for longer then.
func (m *memory) see(s *corev1.Service, now time.Time) {
	since := map[string]time.Time{}
	for _, i := range s.Status.LoadBalancer.Ingress {
		for _, at := range []string{i.IP, i.Hostname} {
			if first, seen := m.shown[at]; seen {
				since[at] = first
			} else if at != "" {
				since[at] = now
			}
		}
	}
	m.shown = since
}

// known is for how long clients may still go by an older address.
func (m *memory) known(now time.Time, hold time.Duration) lb.Known {
	out := lb.Known{}
	for at, since := range m.shown {
		out[at] = max(0, hold-now.Sub(since))
	}
	return out
}

// planned plans on what is there, having looked again at what has to be known of
// what waits.
func (c *Controller) planned(ctx context.Context, k *networkView, state lb.State, goal lb.Goal) (lb.State, lb.Actions, error) {
	plan := lb.Plan(k.Rules(), state, goal)
	looks := plan.Looks()
	if len(looks) == 0 || c.DryRun {
		return state, plan, nil
	}
	if err := k.lookAt(ctx, looks); err != nil {
		return state, plan, err
	}
	state = k.view()
	return state, lb.Plan(k.Rules(), state, goal), nil
}

// handover is how far the load balancer that serves has been replaced.
type handover struct {
	// waits says what for; empty where nothing is being replaced.
	waits string
	// shows: the new one serves, and clients are to be told of it.
	shows bool
	again time.Duration
}

// handingOver tells how far a plan's replacement is.
func handingOver(rules lb.Rules, state lb.State, goal lb.Goal, plan lb.Actions) handover {
	waits := plan.Waits()
	if len(waits) == 0 {
		return handover{}
	}
	h := handover{waits: waits[0].Ref.String() + ": " + waits[0].Why, again: pendingPause}
	told := goal.Told
	goal.Told = nil // as if clients knew
	if left := lb.Plan(rules, state, goal).Waits(); len(left) > 0 {
		h.waits = left[0].Ref.String() + ": " + left[0].Why
		return h
	}
	h.shows = true
	for _, left := range told {
		if left > 0 {
			h.again = min(h.again, left+time.Second/10)
		}
	}
	return h
}

// undone tells whether there is still to do after a plan: what could only be
// said when something was gone.
func (c *Controller) undone(k *networkView, asked wanted.Result, set lb.NodeSet, goal lb.Goal) bool {
	state := k.view()
	want, err := k.Want(asked.Balancer, set, state)
	goal.Want = want
	return err == nil && len(lb.Plan(k.Rules(), state, goal)) > 0
}

// noteAdmins notes what only somebody with more rights can do.
func (m *memory) noteAdmins(err error) {
	m.forAdmin = map[lb.Ref]bool{}
	for _, admin := range adminsOf(err) {
		m.forAdmin[admin.Of] = true
	}
}

// lingering is for how long what is still in use is waited for without a word:
// a cloud keeps interfaces of a load balancer about for minutes.
const lingering = 15 * time.Minute

// beyondLingering leaves out what a cloud still keeps about, as long as it may.
func (m *memory) beyondLingering(now time.Time, err error) (rest error, lingers bool) {
	var all []error
	each(err, func(one error) {
		if _, is := errors.AsType[*lb.Lingers](one); is {
			lingers = true
			return
		}
		all = append(all, one)
	})
	if !lingers {
		m.lingersSince = time.Time{}
		return err, false
	}
	if m.lingersSince.IsZero() {
		m.lingersSince = now
	}
	if now.Sub(m.lingersSince) >= lingering {
		return err, false
	}
	return errors.Join(all...), true
}
