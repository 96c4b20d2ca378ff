package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/informer"
)

// run wires the manager and runs it until ctx ends.
func run(ctx context.Context, o *options) error {
	logger, err := newLogger(o)
	if err != nil {
		return err
	}
	ctrl.SetLogger(logger)
	klog.SetLogger(logger)
	cfg, err := clientcmd.BuildConfigFromFlags("", o.kubeconfig)
	if err != nil {
		return fmt.Errorf("finding the API server: %w", err)
	}
	cfg.QPS = -1 // the API server's own priority and fairness paces us
	cfg.UserAgent = "vpcnative-manager"
	// Lists come from near by: to compress them costs the API server more than
	// to send them, which is why the controllers of Kubernetes do the same.
	cfg.DisableCompression = true
	httpClient, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return fmt.Errorf("connecting to the API server: %w", err)
	}
	clients, err := kubernetes.NewForConfigAndClient(protobuf(cfg), httpClient)
	if err != nil {
		return fmt.Errorf("connecting to the API server: %w", err)
	}
	lease, err := newLease(o, clients)
	if err != nil {
		return err
	}
	if o.clusterID == "" {
		if o.clusterID, err = clusterID(ctx, clients); err != nil {
			return err
		}
	}
	nodes, err := informer.NewClient(cfg, httpClient)
	if err != nil {
		return err
	}
	mgr, err := newManager(cfg, httpClient, nodes, o, lease)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	clouds, err := newClouds(o, metrics.Registry)
	if err != nil {
		return err
	}
	defer clouds.Close()
	if err := addControllers(mgr, o, clients, nodes, lease, clouds, stop); err != nil {
		return err
	}
	logger.Info("starting", "cloud", o.clouds.Cloud, "clusterID", o.clusterID, "namespace", o.namespace, "identity", lease.identity)
	go returnMemory(ctx, logger, returnEvery)
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("running: %w", err)
	}
	if cause := context.Cause(ctx); cause != nil && cause != context.Canceled {
		return cause
	}
	return nil
}

func newLogger(o *options) (logr.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.logLevel)); err != nil {
		return logr.Logger{}, fmt.Errorf("--log-level=%s: %w", o.logLevel, err)
	}
	var handler slog.Handler = slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level})
	if o.logFormat == "text" {
		handler = slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})
	}
	return logr.FromSlogHandler(handler), nil
}

// protobuf has built-in objects sent in their shorter form.
func protobuf(cfg *rest.Config) *rest.Config {
	cfg = rest.CopyConfig(cfg)
	cfg.ContentType = runtime.ContentTypeProtobuf
	cfg.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	return cfg
}

// clusterID is the UID of kube-system, which lives as long as the cluster.
func clusterID(ctx context.Context, clients kubernetes.Interface) (string, error) {
	ns, err := clients.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("reading the UID of namespace kube-system, the default of --cluster-id: %w", err)
	}
	return string(ns.UID), nil
}

func newManager(cfg *rest.Config, httpClient *http.Client, nodes rest.Interface, o *options, lease *lease) (manager.Manager, error) {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return nil, err
	}
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	trim := informer.TrimNode
	if o.loadBalancers {
		trim = informer.TrimNodeForBalancers
	}
	opts := ctrl.Options{
		Scheme:                              scheme,
		Logger:                              ctrl.Log,
		Metrics:                             server.Options{BindAddress: o.metricsAddress},
		HealthProbeBindAddress:              o.healthAddress,
		LeaderElection:                      o.leaderElect && !o.dryRun,
		LeaderElectionID:                    o.leaseName,
		LeaderElectionNamespace:             o.namespace,
		LeaderElectionResourceLockInterface: lease.lock,
		LeaderElectionReleaseOnCancel:       true,
		LeaseDuration:                       &o.leaseDuration,
		RenewDeadline:                       &o.renewDeadline,
		RetryPeriod:                         &o.retryPeriod,
		Cache: cache.Options{
			HTTPClient:       httpClient,
			DefaultTransform: cache.TransformStripManagedFields(),
			ByObject:         map[client.Object]cache.ByObject{&corev1.Node{}: {Transform: trim}, &discoveryv1.EndpointSlice{}: {Transform: informer.TrimEndpointSlice}},
			NewInformer: func(lw toolscache.ListerWatcher, of runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
				if _, ok := of.(*corev1.Node); ok {
					lw = informer.ListWatch(nodes)
				}
				return toolscache.NewSharedIndexInformer(lw, of, resync, indexers)
			},
		},
	}
	mgr, err := ctrl.NewManager(cfg, opts)
	if err != nil {
		return nil, fmt.Errorf("creating the manager: %w", err)
	}
	return mgr, nil
}

func newIdentity() (string, error) {
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("finding this host's name: %w", err)
	}
	return host + "_" + uuid.NewString(), nil
}
