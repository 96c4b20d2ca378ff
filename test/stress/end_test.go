package stress

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/test/e2e"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// restoreFirst checks that a manager that starts allocates nothing before it
// has read the interfaces of all instances (I8).
func (r *rig) restoreFirst() {
	r.t.Helper()
	c := r.clusters[0]
	r.must(c.Manager(manager).Kill())
	c.down = true
	r.join(c, machine{pods: 8, subnet: subnets[0]})
	const list, refused = "list", "unavailable"
	before, asked := len(r.cloud.Journal()), r.cloud.Met(list, refused)
	r.must(r.cloud.Inject(e2e.Fault{Method: list, Error: refused}))
	r.start(c)
	r.must(e2e.Eventually(patience, func() error {
		if n := r.cloud.Met(list, refused) - asked; n < 4 {
			return fmt.Errorf("the interfaces were asked for %d times", n)
		}
		return nil
	}))
	// The other cluster's manager goes on.
	if err := invariants.Quiet(r.cloud.Journal()[before:], r.excused()); err != nil {
		r.fail("I8: before the interfaces were read: %v", err)
	}
	r.settle("after a restart that could not read the interfaces")
}

// end deletes every object and checks that nothing of ours is left (I5), and
// what people made by hand is as they made it (I4).
func (r *rig) end() {
	r.t.Helper()
	for _, c := range r.clusters {
		for _, all := range []client.Object{&corev1.Node{}, &v1alpha1.RangeRequest{}, &v1alpha1.Network{}} {
			r.must(c.API.DeleteAllOf(r.ctx, all))
		}
		for name := range c.services {
			r.must(c.API.Delete(r.ctx, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: name}}))
		}
		clear(c.nodes)
		clear(c.services)
	}
	err := e2e.Eventually(patience, r.checkHeldByHands)
	if err == nil {
		r.must(r.letGo())
		err = e2e.Eventually(patience, r.checkNothingLeft)
	}
	if err != nil {
		r.fail("after everything was deleted: %v", err)
	}
	r.still("after everything was deleted")
}

// checkHeldByHands is nil when all is gone but the requests whose ranges
// people hold pieces of, and their Networks; these say so.
func (r *rig) checkHeldByHands() error {
	r.revive()
	if err := r.hands.check(r.cloud.Machines(), r.cloud.Subnets()); err != nil {
		return err
	}
	for _, c := range r.clusters {
		var requests v1alpha1.RangeRequestList
		if err := c.API.List(r.ctx, &requests); err != nil {
			return err
		}
		for _, q := range requests.Items {
			if err := requestWaits(q, &r.hands, view{}, &seen{on: &r.ground, subnets: r.cloud.Subnets()}); err != nil {
				return fmt.Errorf("cluster %s: %w", c.name, err)
			}
		}
		var networks v1alpha1.NetworkList
		if err := c.API.List(r.ctx, &networks); err != nil {
			return err
		}
		if (len(networks.Items) > 0) != (len(requests.Items) > 0) {
			return fmt.Errorf("I5: cluster %s: %d Networks for %d RangeRequests", c.name, len(networks.Items), len(requests.Items))
		}
	}
	return nil
}

// checkNothingLeft is nil when no object of ours is left, in any cluster and
// in the cloud (I5).
func (r *rig) checkNothingLeft() error {
	r.revive()
	for _, c := range r.clusters {
		for _, list := range []client.ObjectList{&v1alpha1.RangeRequestList{}, &v1alpha1.NetworkList{}} {
			if err := c.API.List(r.ctx, list); err != nil {
				return err
			}
			if n := meta.LenList(list); n > 0 {
				return fmt.Errorf("I5: cluster %s still has %d in %T", c.name, n, list)
			}
		}
	}
	machines, subnets := r.cloud.Machines(), r.cloud.Subnets()
	return errors.Join(invariants.NothingLeft(subnets, r.cloud.Rules()...), invariants.NoStrays(nil, machines), r.hands.check(machines, subnets), r.clusters[0].NoRoutes())
}
