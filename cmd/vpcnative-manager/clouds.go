package main

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/middleware"
	"github.com/vpcnative/vpcnative/cmd/clouds"
)

// newClouds has every call of the cloud paced and counted.
func newClouds(o *options, registry prometheus.Registerer) (*clouds.Clouds, error) {
	pace, err := middleware.Pace(middleware.PaceConfig{Bucket: o.clouds.Bucket()}, registry)
	if err != nil {
		return nil, fmt.Errorf("registering the rate limiter's metrics: %w", err)
	}
	count, err := middleware.Metrics(registry)
	if err != nil {
		return nil, fmt.Errorf("registering the metrics of cloud calls: %w", err)
	}
	hooks := []cloud.Hook{pace, count, middleware.Log(ctrl.Log.WithName("cloud"))}
	if o.dryRun {
		hooks = append([]cloud.Hook{middleware.DryRun()}, hooks...)
	}
	return clouds.New(clouds.Config{Options: o.clouds, UserAgent: "vpcnative-manager", ClusterID: o.clusterID, Hook: cloud.Chain(hooks...)}), nil
}
