package node

import (
	"context"
	"errors"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/book"
)

// releaseAgain makes releases of those that rest by mistake, as far as that
// can be recorded.
func (c *Controller) releaseAgain(ctx context.Context, r *reading, began time.Time) {
	for _, h := range c.releases.wrong(r.world.Attached, began, c.Staleness) {
		if err := c.ledger.Release(ctx, entryOf(h)); err != nil {
			c.ledgerTrouble(err)
			c.releases.endedInRest(h, time.Now()) // the next reading tries again
			continue
		}
		log.FromContext(ctx).Info("a prefix that was to rest is still on its instance; it is taken off", "prefix", h.Prefix, "instance", h.Instance)
		r.world.Promised = append(r.world.Promised, book.Known{Holder: h.Holder, Prefix: h.Prefix, InstanceUID: h.InstanceUID})
	}
}

// lookAgain is the second look for many Nodes that went at once.
func (c *Controller) lookAgain(ctx context.Context) {
	type way struct {
		network string
		routes  bool
	}
	wanted := map[way]map[string][]book.Holding{} // by instance
	of := map[way]cloud.VPC{}
	cat := c.catalog.Load()
	for _, uid := range c.releases.due(time.Now(), c.Staleness) {
		h, ok := c.book.Held(uid)
		r := cat.request(h.Key.Request)
		if !ok || r == nil {
			continue
		}
		w := way{r.NetworkName(), byRoutes(h.Key)}
		if wanted[w] == nil {
			wanted[w] = map[string][]book.Holding{}
		}
		wanted[w][h.Instance] = append(wanted[w][h.Instance], h)
		of[w], _ = cat.vpcOf(r.Name)
	}
	for w, byInstance := range wanted {
		if err := c.lookIn(ctx, of[w], byInstance); err != nil {
			log.FromContext(ctx).Info("the prefixes of deleted nodes cannot be looked for yet; they stay occupied",
				"network", w.network, "instances", len(byInstance), "error", err.Error())
		}
	}
}

func (c *Controller) lookIn(ctx context.Context, vpc cloud.VPC, byInstance map[string][]book.Holding) error {
	if vpc.Interfaces == nil {
		return errors.New("the Network cannot be read")
	}
	nics, gone := map[string]cloud.Interface{}, map[string]cloud.Interface{}
	for nic, err := range vpc.Interfaces.List(ctx) {
		if err != nil {
			return err
		}
		switch {
		case nic.Instance == "":
			gone[nic.InstanceUID] = nic
		case byInstance[nic.Instance] != nil:
			nics[nic.Instance] = nic
		}
	}
	for instance, holdings := range byInstance {
		for _, h := range holdings {
			nic, there := nics[instance]
			if !there {
				nic, there = gone[h.InstanceUID]
			}
			c.releases.saw(h.NodeUID, presenceOf(h, nic, c.paired(h, nic), there))
			c.enqueue(h.Node)
		}
	}
	return nil
}
