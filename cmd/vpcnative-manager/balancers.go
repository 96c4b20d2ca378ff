package main

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/vpcnative/vpcnative/cmd/clouds"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
	"github.com/vpcnative/vpcnative/controllers/service"
)

// newBalancers are the controllers of load balancers: those of the kinds that
// own some, and the engine that they register with.
func newBalancers(mgr manager.Manager, o *options, cached func() []*corev1.Node, lease *lease, clouds *clouds.Clouds, recorder events.EventRecorder) []setup {
	engine := loadbalancer.New(loadbalancer.Config{
		Client: mgr.GetClient(), Nodes: cached, OpenBalancers: clouds.Balancers, ClusterID: o.clusterID,
		DryRun: o.dryRun, StillLeads: lease.held,
		Events: recorder, Metrics: loadbalancer.NewMetrics(metrics.Registry),
		Resync: o.resync, OrphanGrace: o.orphanGrace, AddressHold: o.addressHold, ReadLag: o.cloudReadLag,
	})
	services := service.New(service.Config{
		Engine: engine, Client: mgr.GetClient(), Live: mgr.GetAPIReader(), WithoutClass: o.withoutClass,
		Events: recorder, Metrics: service.NewMetrics(metrics.Registry),
	})
	return []setup{services, engine}
}
