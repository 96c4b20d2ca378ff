package main

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// clear deletes all objects; the VMs live on. Nothing of ours may be left.
func (s *stage) clear(ctx context.Context) error {
	s.heading("At last every Node, the RangeRequest and the Network are deleted; the VMs live on.")
	if err := s.api.DeleteAllOf(ctx, &corev1.Node{}); err != nil {
		return fmt.Errorf("deleting the Nodes: %w", err)
	}
	err := s.until(ctx, "waiting for the VMs to lose their alias ranges", patience, func() error {
		return invariants.NoStrays(nil, s.sim.Instances())
	})
	if err != nil {
		return err
	}
	request, vpc := &v1alpha1.RangeRequest{}, &v1alpha1.Network{}
	request.Name, vpc.Name = "pods", v1alpha1.DefaultNetwork
	for _, o := range []client.Object{request, vpc} {
		if err := s.delete(ctx, o); err != nil {
			return err
		}
	}
	if err := errors.Join(invariants.NothingLeft(s.sim.Subnetworks()), invariants.NoStrays(nil, s.sim.Instances())); err != nil {
		return err
	}
	s.screen.busy("")
	s.board.look()
	s.board.flush()
	s.screen.say(fmt.Sprintf("\n  %s I5  nothing of ours is left in the cloud: no secondary range, no alias range on %d VMs\n", green("✓"), len(s.sim.Instances())))
	return nil
}

// delete deletes an object and waits until it has gone.
func (s *stage) delete(ctx context.Context, o client.Object) error {
	if err := s.api.Delete(ctx, o); err != nil {
		return fmt.Errorf("deleting %s: %w", o.GetName(), err)
	}
	return s.until(ctx, "waiting for "+o.GetName()+" to go", patience, func() error {
		err := s.api.Get(ctx, client.ObjectKeyFromObject(o), o)
		if err == nil {
			return fmt.Errorf("%T %s is still there", o, o.GetName())
		}
		return client.IgnoreNotFound(err)
	})
}

// stay leaves all running until a person ends it.
func (s *stage) stay(ctx context.Context) error {
	s.heading("All is left running. In another terminal:")
	s.screen.say(fmt.Sprintf(`
      export KUBECONFIG=%s
      kubectl get rangerequests,networks,nodes
      kubectl describe rangerequest pods
      curl -s %s/compute/v1/projects/%s/aggregated/instances

  The manager's log is %s
  Compute Engine is simulated at %s`, s.server.KubeconfigFile, s.endpoint, project, s.process.LogFile, s.endpoint))
	s.screen.busy("Ctrl-C ends it")
	if !s.screen.terminal {
		s.screen.say("\n  Ctrl-C ends it")
	}
	<-ctx.Done()
	return context.Cause(ctx)
}
