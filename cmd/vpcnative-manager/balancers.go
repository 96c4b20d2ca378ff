package main

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/vpcnative/vpcnative/cmd/clouds"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
)

func newBalancers(mgr manager.Manager, o *options, cached func() []*corev1.Node, lease *lease, clouds *clouds.Clouds, recorder events.EventRecorder) *loadbalancer.Controller {
	return loadbalancer.New(loadbalancer.Config{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Nodes: cached, OpenBalancers: clouds.Balancers, ClusterID: o.clusterID,
		WithoutClass: o.withoutClass, DryRun: o.dryRun, StillLeads: lease.held,
		Events: recorder, Metrics: loadbalancer.NewMetrics(metrics.Registry),
		Resync: o.resync, OrphanGrace: o.orphanGrace, AddressHold: o.addressHold, ReadLag: o.cloudReadLag,
	})
}
