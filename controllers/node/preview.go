package node

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/controllers/informer"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/claims"
	"github.com/vpcnative/vpcnative/controllers/node/decide"
)

// Preview is what would be done for a Node, or for what an earlier Node of its
// name held: the steps up to the first that changes anything that others see,
// each with what it would know.
type Preview struct {
	Node  string
	Holds string // empty where it holds nothing
	Steps []decide.Step
}

// Previewer says what would be done, and does nothing.
type Previewer struct{ c *Controller }

// NewPreviewer reads everything there is, as a manager does that begins to lead.
// Of the configuration it needs Client, Live, OpenVPC and Ledger.
func NewPreviewer(ctx context.Context, cfg Config) (*Previewer, error) {
	cfg.Client, cfg.Metrics = unindexed{cfg.Client}, NewMetrics(prometheus.NewRegistry())
	c := New(cfg)
	promised, err := claims.Peek(ctx, cfg.Ledger)
	if err != nil {
		return nil, err
	}
	return &Previewer{c}, c.restore(ctx, promised)
}

// Node previews a Node, by name, and what earlier ones of that name held.
func (p *Previewer) Node(ctx context.Context, name string) (out []Preview, err error) {
	node := &corev1.Node{}
	if err := p.c.Live.Get(ctx, client.ObjectKey{Name: name}, node); apierrors.IsNotFound(err) {
		node = nil
	} else if err != nil {
		return nil, fmt.Errorf("reading node %s: %w", name, err)
	}
	if node != nil {
		trimmed, err := informer.TrimNode(node)
		if err != nil {
			return nil, err
		}
		node = trimmed.(*corev1.Node)
	}
	for _, h := range p.c.leftBy(name, node) {
		x := &releasing{c: p.c, h: h, current: node, view: p.c.viewRelease(h, node)}
		out = append(out, previewOf(name, &x.view, func(s decide.Step) bool { return x.assume(ctx, s) }))
	}
	if node != nil {
		x := p.c.observe(ctx, node)
		out = append(out, previewOf(name, &x.view, func(s decide.Step) bool { return x.assume(ctx, s) }))
		p.c.limiter.Leave(node.UID) // it went no further, so others are previewed beyond it
	}
	return out, nil
}

func previewOf(node string, v *decide.View, assume func(decide.Step) bool) Preview {
	out := Preview{Node: node}
	for range mostSteps {
		s := decide.Decide(*v)
		out.Steps = append(out.Steps, s)
		if !assume(s) {
			break
		}
	}
	if v.Allocation != nil {
		out.Holds = v.Allocation.Prefix.String()
	}
	return out
}

// assume takes a step in memory; false where it would be seen.
func (x *stepper) assume(ctx context.Context, s decide.Step) bool {
	switch s.Do {
	case decide.Look:
		return x.look(ctx)
	case decide.Drop:
		x.c.allocator.Drop(x.node.UID)
	case decide.Pick:
		if no := x.pick(ctx); no != nil {
			x.view.Refused, x.view.Interface = no, nil
		}
	case decide.Claim:
		x.view.Claimed = true
	case decide.Adopt:
		if _, err := x.adopt(); err != nil {
			return false
		}
	case decide.Record:
		x.view.Recorded = true
		x.turn()
	case decide.EndObserving:
		x.c.allocator.Observe(x.node.UID, false)
	default:
		return false
	}
	x.hold()
	return true
}

// assume takes a step in memory; false where it would be seen.
func (x *releasing) assume(ctx context.Context, s decide.Step) bool {
	switch s.Do {
	case decide.Look:
		x.look(ctx)
	case decide.BeginRelease:
		x.c.releases.Begin(x.h.NodeUID)
		x.noteSeen()
	case decide.NoteMissed:
		x.c.releases.Missed(x.h.NodeUID)
	default:
		return false
	}
	x.view.Now, x.view.Release = x.c.Now(), x.c.releases.Of(x.h.NodeUID)
	return true
}

// unindexed lists Nodes from where there are no indexes: all of them.
type unindexed struct{ client.Client }

func (u unindexed) List(ctx context.Context, into client.ObjectList, opts ...client.ListOption) error {
	if _, nodes := into.(*corev1.NodeList); nodes {
		opts = nil
	}
	return u.Client.List(ctx, into, opts...)
}

// DryRun logs, from time to time, what would be done for every Node. It is run
// by a manager that does nothing.
func DryRun(cfg Config) func(context.Context) error {
	cfg.setDefaults()
	return func(ctx context.Context) error {
		for {
			if err := dryRun(ctx, cfg); err != nil && ctx.Err() == nil {
				log.FromContext(ctx).Error(err, "planning for Nodes failed; trying again", "after", cfg.Resync)
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(cfg.Resync):
			}
		}
	}
}

func dryRun(ctx context.Context, cfg Config) error {
	p, err := NewPreviewer(ctx, cfg)
	if err != nil {
		return err
	}
	var nodes corev1.NodeList
	if err := cfg.Client.List(ctx, &nodes); err != nil {
		return fmt.Errorf("listing Nodes: %w", err)
	}
	var names []string
	for _, h := range p.c.allocator.OfNodes(allocator.All) {
		names = append(names, h.Node)
	}
	for i := range nodes.Items {
		names = append(names, nodes.Items[i].Name)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		previews, err := p.Node(ctx, name)
		if err != nil {
			return err
		}
		for _, x := range previews {
			if last := x.Steps[len(x.Steps)-1]; last.Do != decide.Done {
				log.FromContext(ctx).Info("would be done", "node", name, "holds", x.Holds, "step", last.String())
			}
		}
	}
	return nil
}
