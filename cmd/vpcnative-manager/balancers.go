package main

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/vpcnative/vpcnative/cmd/clouds"
	"github.com/vpcnative/vpcnative/controllers/endpoints"
	"github.com/vpcnative/vpcnative/controllers/informer"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
	"github.com/vpcnative/vpcnative/controllers/service"
)

// newBalancers are the controllers of load balancers: those of the kinds that
// own some, and the engine that they register with.
func newBalancers(mgr manager.Manager, o *options, clients kubernetes.Interface, cached func() []*corev1.Node, lease *lease, clouds *clouds.Clouds, recorder events.EventRecorder) []setup {
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
	all := []setup{services}
	if o.endpointGroups {
		pods := informer.NewPodIndex(clients.CoreV1().RESTClient())
		all = append(all, runnable{pods}, endpoints.New(endpoints.Config{
			Engine: engine, Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Nodes: cached, Pods: pods,
			Events: recorder, Metrics: endpoints.NewMetrics(metrics.Registry),
		}))
	}
	return append(all, engine)
}

// runnable is something that runs beside the controllers.
type runnable struct{ manager.Runnable }

func (r runnable) Setup(mgr manager.Manager) error { return mgr.Add(r.Runnable) }
