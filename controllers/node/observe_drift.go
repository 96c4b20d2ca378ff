package node

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/drift"
)

// drifting is what the last comparison found. It is the run loop's.
type drifting struct {
	findings []drift.Finding
	before   map[string]bool
}

// compare looks what is out of the ordinary in what was just read, once the
// allocator has taken it in. What is ours is repaired elsewhere: a missing prefix
// by keep, a leaked one by takeBack, which the reading brings to the queue.
func (c *Controller) compare(ctx context.Context, r *reading, rebuilt allocator.Rebuilt) {
	w := c.outOfTheOrdinary(ctx, r, rebuilt)
	w.Before = c.drift.before
	known := map[drift.Finding]bool{}
	for _, f := range c.drift.findings {
		known[f] = true
	}
	c.drift.findings, c.drift.before = drift.Compare(w)
	for _, f := range c.drift.findings {
		if !known[f] {
			log.FromContext(ctx).Info("what is does not match what should be", "finding", f.String())
		}
	}
	c.Metrics.drifted(c.drift.findings)
}

func (c *Controller) outOfTheOrdinary(ctx context.Context, r *reading, rebuilt allocator.Rebuilt) drift.World {
	w := drift.World{Foreign: r.foreign}
	for _, k := range r.world.Nodes {
		if h, _ := c.allocator.Held(k.NodeUID); r.missing[k.NodeUID] && !h.Observed {
			key, _, _ := c.allocator.Find(k.Prefix)
			w.Missing = append(w.Missing, drift.Published{Request: key.Request, Node: k.Node, Instance: k.Instance, Prefix: k.Prefix})
		}
	}
	for _, k := range r.world.Attached {
		key, h, ok := c.allocator.At(k.Prefix)
		if !ok || k.Instance == allocator.Unknown { // single addresses in a subnet are anybody's
			continue
		}
		node := r.onInstance[k.Instance]
		w.Carried = append(w.Carried, drift.Carried{
			Request: key.Request, Instance: k.Instance, Prefix: k.Prefix, Node: node.Node, Idle: !node.Prefix.IsValid(),
			Holder: h.Node, HolderInstance: h.Instance, Gone: c.gone(ctx, r, h), Adopted: h.Adopted,
		})
	}
	for _, x := range rebuilt.Refused {
		w.Refused = append(w.Refused, drift.Refused{Request: x.Key.Request, Range: x.Range.Name + " " + x.Range.Prefix.String(), Why: x.Why})
	}
	return w
}

// gone reports that the holder's Node is no more: neither was it read, nor did
// it come since.
func (c *Controller) gone(ctx context.Context, r *reading, h allocator.Allocation) bool {
	if h.NodeUID == "" || r.alive[h.NodeUID] {
		return false
	}
	node := &corev1.Node{}
	err := c.Client.Get(ctx, client.ObjectKey{Name: h.Node}, node)
	return apierrors.IsNotFound(err) || err == nil && node.UID != h.NodeUID
}

// problems are what a request's status has to say about drift that nobody
// repairs.
func (d *drifting) problems(request string) map[string]*conditions.Refusal {
	out := map[string]*conditions.Refusal{}
	for _, x := range []struct {
		kind         drift.Kind
		cond, reason string
		text         string
	}{
		{drift.ForeignAlias, v1alpha1.ConditionForeignAlias, v1alpha1.ReasonForeignAlias,
			"%s; each stays occupied and is left alone: detach it if nobody uses it, or reserve that part of the range for its user"},
		{drift.Overlap, v1alpha1.ConditionRangesOverlap, v1alpha1.ReasonOverlap,
			"%s; nothing is allocated from it: delete one of the two"},
	} {
		const most = 3
		var found []string
		for _, f := range d.findings {
			if f.Kind == x.kind && f.Request == request {
				found = append(found, fmt.Sprintf("%s %s: %s", f.Object, f.What, f.Why))
			}
		}
		if len(found) == 0 {
			continue
		}
		text := strings.Join(found[:min(len(found), most)], "; ")
		if len(found) > most {
			text += fmt.Sprintf("; and %d more", len(found)-most)
		}
		out[x.cond] = conditions.Refuse(x.reason, x.text, text)
	}
	return out
}
