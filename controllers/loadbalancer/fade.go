package loadbalancer

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/wanted"
)

// fade empties the status of a Service that is reached nowhere any more,
// whatever else there is to say of it. The status is what was last seen in the
// cloud, and a read may be behind: so two complete ones, at least the read lag
// apart, have to show nothing.
func (c *Controller) fade(ctx context.Context, s *corev1.Service, f finding) finding {
	if f.quiet || c.DryRun || len(s.Status.LoadBalancer.Ingress) == 0 {
		return f
	}
	k, _, err := c.viewOf(ctx, s)
	if err != nil || !k.known() { // where it would be is not known
		return f
	}
	owner, m := wanted.Owner(c.ClusterID, s.Namespace, s.Name), c.remember(client.ObjectKeyFromObject(s))
	if f.looked && len(f.ingress) > 0 || !f.looked && k.has(owner) {
		m.absent = time.Time{}
		return f
	}
	at := k.readAt(owner)
	switch {
	case m.absent.IsZero():
		m.absent = at
	case at.Sub(m.absent) >= c.ReadLag:
		f.ingress = []lb.Ingress{}
		return f
	}
	k.doubt(owner)
	if left := c.ReadLag - time.Since(at); left > 0 {
		f.again = left
		return f
	}
	if err := k.settle(ctx, owner); err != nil {
		return troubled(err)
	}
	f.again = c.Again
	return f
}

// readAt is when the last complete read began that the owner's things were part
// of.
func (k *networkView) readAt(o cloud.Owner) time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	if at := k.begunOf[o]; at.After(k.begun) {
		return at
	}
	return k.begun
}
