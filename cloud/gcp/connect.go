package gcp

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"

	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/auth/httptransport"
	compute "cloud.google.com/go/compute/apiv1"
	v1 "google.golang.org/api/compute/v1"
	"google.golang.org/api/option"

	"github.com/vpcnative/vpcnative/cloud"
)

// sdk is the api on Google's generated clients.
type sdk struct {
	nets      *compute.NetworksClient
	subnets   *compute.SubnetworksClient
	vms       *compute.InstancesClient
	zoneOps   *compute.ZoneOperationsClient
	regionOps *compute.RegionOperationsClient
	old       *v1.Service
}

const (
	defaultEndpoint = "https://compute.googleapis.com"
	computeScope    = "https://www.googleapis.com/auth/compute"
)

// maxConns is how many requests run at once without a new connection each:
// more than the nodes that a manager serves at a time.
const maxConns = 256

// newHTTPClient makes the one client that all requests share.
func newHTTPClient(c Config) (*http.Client, error) {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          maxConns,
		MaxIdleConnsPerHost:   maxConns,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
	if c.NoAuth {
		return &http.Client{Transport: transport}, nil
	}
	detect := &credentials.DetectOptions{Scopes: []string{computeScope}}
	creds, err := credentials.DetectDefault(detect)
	if err != nil {
		return nil, noCredentials(err)
	}
	client, err := httptransport.NewClient(&httptransport.Options{
		Credentials: creds, BaseRoundTripper: transport, DisableTelemetry: true,
	})
	if err != nil {
		return nil, noCredentials(err)
	}
	return client, nil
}

const credentialsRemedy = "give the manager Application Default Credentials: run it on a machine with an attached service account " +
	"(metadata server), or point GOOGLE_APPLICATION_CREDENTIALS at a service account key or a workload identity configuration; " +
	"the account needs the permissions in deploy/ (roles/compute.networkAdmin and roles/compute.instanceAdmin.v1 hold them all)"

func noCredentials(err error) error {
	return &cloud.Error{Reason: cloud.Unauthenticated, Act: "find credentials for Compute Engine", Err: err, Remedy: credentialsRemedy}
}

// newSDK makes the generated clients. The SDKs' own retries are taken out:
// each request passes the hook, and none that changes anything is repeated
// but by us, who know its request ID.
func newSDK(ctx context.Context, client *http.Client, endpoint, userAgent string) (*sdk, error) {
	endpoint = strings.TrimSuffix(strings.TrimSuffix(endpoint, "/"), "/compute/v1")
	if endpoint == "" {
		endpoint = defaultEndpoint
	}
	s, opts := &sdk{}, []option.ClientOption{option.WithHTTPClient(client), option.WithEndpoint(endpoint)}
	var err error
	if s.nets, err = compute.NewNetworksRESTClient(ctx, opts...); err != nil {
		return nil, err
	}
	if s.subnets, err = compute.NewSubnetworksRESTClient(ctx, opts...); err != nil {
		return nil, err
	}
	if s.vms, err = compute.NewInstancesRESTClient(ctx, opts...); err != nil {
		return nil, err
	}
	if s.zoneOps, err = compute.NewZoneOperationsRESTClient(ctx, opts...); err != nil {
		return nil, err
	}
	if s.regionOps, err = compute.NewRegionOperationsRESTClient(ctx, opts...); err != nil {
		return nil, err
	}
	*s.nets.CallOptions = compute.NetworksCallOptions{}
	*s.subnets.CallOptions = compute.SubnetworksCallOptions{}
	*s.vms.CallOptions = compute.InstancesCallOptions{}
	*s.zoneOps.CallOptions = compute.ZoneOperationsCallOptions{}
	*s.regionOps.CallOptions = compute.RegionOperationsCallOptions{}
	s.old, err = v1.NewService(ctx, option.WithHTTPClient(client), option.WithEndpoint(endpoint+"/compute/v1/"))
	if err != nil {
		return nil, err
	}
	s.old.UserAgent = userAgent
	return s, nil
}
