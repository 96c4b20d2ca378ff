package gcp

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"

	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/auth/httptransport"
	"google.golang.org/api/compute/v1"
	"google.golang.org/api/option"

	"github.com/vpcnative/vpcnative/cloud"
)

// sdk is the api on Google's generated client.
type sdk struct{ *compute.Service }

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

// newSDK makes the generated client. It repeats no request by itself: each
// passes the hook, and none that changes anything is repeated but by us, who
// know its request ID.
func newSDK(ctx context.Context, client *http.Client, endpoint, userAgent string) (*sdk, error) {
	endpoint = strings.TrimSuffix(strings.TrimSuffix(endpoint, "/"), "/compute/v1")
	if endpoint == "" {
		endpoint = defaultEndpoint
	}
	s, err := compute.NewService(ctx, option.WithHTTPClient(client), option.WithEndpoint(endpoint+"/compute/v1/"))
	if err != nil {
		return nil, err
	}
	s.UserAgent = userAgent
	return &sdk{s}, nil
}
