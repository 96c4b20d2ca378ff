package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/vpcnative/vpcnative/cmd/clouds"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/firewall"
	"github.com/vpcnative/vpcnative/controllers/informer"
	"github.com/vpcnative/vpcnative/controllers/masquerade"
	"github.com/vpcnative/vpcnative/controllers/network"
	"github.com/vpcnative/vpcnative/controllers/network/survey"
	"github.com/vpcnative/vpcnative/controllers/node"
	"github.com/vpcnative/vpcnative/controllers/node/claims"
	"github.com/vpcnative/vpcnative/controllers/node/nodestatus"
	"github.com/vpcnative/vpcnative/controllers/ranges"
	"github.com/vpcnative/vpcnative/controllers/ranges/servicecidr"
	"github.com/vpcnative/vpcnative/controllers/vpc"
)

// addControllers adds the controllers that the flags enable. A dry run has none
// that could change anything.
func addControllers(mgr manager.Manager, o *options, clients kubernetes.Interface, nodeReader rest.Interface, lease *lease, clouds *clouds.Clouds, stop context.CancelCauseFunc) error {
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return err
	}
	events := conditions.Recorder{EventRecorder: mgr.GetEventRecorder("vpcnative")}
	cached, err := cachedNodes(mgr)
	if err != nil {
		return err
	}
	spaces := vpc.New(vpc.Config{Open: clouds.Open})
	forNodes := node.Config{
		Client: mgr.GetClient(), Nodes: cached, Live: informer.Reader{Reader: mgr.GetAPIReader(), Nodes: nodeReader},
		Writer:  nodestatus.NewWriter(clients.CoreV1().RESTClient()),
		OpenVPC: clouds.Open, Space: spaces,
		Ledger: claims.Config{
			ConfigMaps: clients.CoreV1().ConfigMaps(o.namespace), Name: claims.DefaultName,
			Holder: lease.identity, StillLeads: lease.held, Log: ctrl.Log.WithName("claims"),
		},
		StillLeads: lease.held, Fenced: stop, Events: events,
		Quarantine: o.quarantine, DetachGrace: o.detachGrace, Doubt: o.indeterminateTimeout, Staleness: o.cloudReadLag, Resync: o.resync, RivalQuiet: o.foreignAllocatorCooldown, MaxInFlight: o.maxInFlight,
	}
	services, err := newServices(mgr, o, clients)
	if err != nil {
		return err
	}
	requests := ranges.New(ranges.Config{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Nodes: cached, OpenVPC: clouds.Open, Space: spaces, ClusterID: o.clusterID,
		Services: services, StillLeads: lease.held, DryRun: o.dryRun,
		Sweep: min(o.resync, time.Minute), Doubt: o.indeterminateTimeout,
		Events: events, Metrics: ranges.NewMetrics(metrics.Registry),
	})
	if o.dryRun {
		all := []setup{requests}
		if o.loadBalancers {
			all = append(all, newBalancers(mgr, o, clients, cached, lease, clouds, events)...)
		}
		return errors.Join(setUp(mgr, all), mgr.Add(manager.RunnableFunc(node.DryRun(forNodes))), mgr.AddReadyzCheck("ping", healthz.Ping))
	}
	networks := network.New(network.Config{
		ServiceCIDRs: serviceCIDRs(services),
		Client:       mgr.GetClient(), Live: mgr.GetAPIReader(), OpenVPC: clouds.Open, ClusterID: o.clusterID,
		Nodes: cached, Space: spaces,
		Forget: func(network string) { clouds.Forget(network); spaces.Forget(network) },
		Events: events, Metrics: network.NewMetrics(metrics.Registry),
	})
	rules := firewall.New(firewall.Config{
		Client: mgr.GetClient(), OpenVPC: clouds.Open, Space: spaces, ClusterID: o.clusterID,
		Events: events, Metrics: firewall.NewMetrics(metrics.Registry),
	})
	forNodes.Metrics = node.NewMetrics(metrics.Registry)
	nodes := node.New(forNodes)
	requests.Pools = pools{nodes}
	all := []setup{networks, requests, nodes, rules}
	if namespace, name, on := strings.Cut(o.masquerade, "/"); on {
		all = append(all, masquerade.New(masquerade.Config{
			Client: mgr.GetClient(), ConfigMaps: clients.CoreV1().ConfigMaps(namespace), Namespace: namespace, Name: name,
			Space: spaces, Events: events, Metrics: masquerade.NewMetrics(metrics.Registry),
		}))
	}
	if o.loadBalancers {
		all = append(all, newBalancers(mgr, o, clients, cached, lease, clouds, events)...)
	}
	return errors.Join(setUp(mgr, all), mgr.AddReadyzCheck("restored", func(*http.Request) error { return nodes.Ready() }))
}

// setup is a controller.
type setup interface{ Setup(manager.Manager) error }

func setUp(mgr manager.Manager, all []setup) error {
	for _, c := range all {
		if err := c.Setup(mgr); err != nil {
			return err
		}
	}
	return nil
}

// newServices creates the cluster's side of Services ranges. It asks the API
// server each time, and may find no ServiceCIDRs there.
func newServices(mgr manager.Manager, o *options, clients kubernetes.Interface) (*servicecidr.Keeper, error) {
	meta, err := metadata.NewForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("connecting to the API server: %w", err)
	}
	return servicecidr.New(servicecidr.Config{Objects: clients.NetworkingV1(), Metadata: meta, ClusterID: o.clusterID, Doubt: o.indeterminateTimeout}), nil
}

func serviceCIDRs(k *servicecidr.Keeper) func(context.Context) ([]survey.ServiceCIDR, error) {
	return func(ctx context.Context) ([]survey.ServiceCIDR, error) {
		blocks, err := k.Occupied(ctx)
		if servicecidr.IsNoAPI(err) {
			return nil, nil
		}
		out := make([]survey.ServiceCIDR, 0, len(blocks))
		for _, b := range blocks {
			out = append(out, survey.ServiceCIDR{Name: b.Name, Prefix: b.Prefix})
		}
		return out, err
	}
}

// cachedNodes returns the cache's own Nodes, without a copy of each.
func cachedNodes(mgr manager.Manager) (func() []*corev1.Node, error) {
	informer, err := mgr.GetCache().GetInformer(context.Background(), &corev1.Node{}, cache.BlockUntilSynced(false))
	if err != nil {
		return nil, fmt.Errorf("watching Nodes: %w", err)
	}
	indexed, ok := informer.(toolscache.SharedIndexInformer)
	if !ok {
		return nil, fmt.Errorf("watching Nodes: the cache has a %T, which provides no list", informer)
	}
	return func() []*corev1.Node {
		items := indexed.GetIndexer().List()
		out := make([]*corev1.Node, 0, len(items))
		for _, item := range items {
			if n, ok := item.(*corev1.Node); ok {
				out = append(out, n)
			}
		}
		return out
	}, nil
}
