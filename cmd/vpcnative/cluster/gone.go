package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"
)

// dialTime is how long the address may take to take a connection.
const dialTime = 10 * time.Second

// Answers reports whether anything takes connections at the API server's address.
// It is false only where the address itself says so: nothing listens, no such
// host, no way there, no answer in time. Whatever else goes wrong is an error:
// a kubeconfig that cannot be read says nothing of the cluster, nor does a proxy.
// Since a network that is down does not answer either, false alone proves little.
func (f *Flags) Answers(ctx context.Context) (host string, yes bool, err error) {
	cfg, err := f.config()
	if err != nil {
		return "", false, err
	}
	// Whoever answers may refuse us: credentials, and programs that fetch them,
	// have no part in this.
	cfg = rest.AnonymousClientConfig(cfg)
	cfg.Timeout = 0
	reached := &atomic.Bool{}
	dialer := &net.Dialer{Timeout: dialTime}
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dialer.DialContext(ctx, network, address)
		if err == nil {
			reached.Store(true)
		}
		return c, err
	}
	host = cfg.Host
	if !strings.Contains(host, "://") {
		host = "https://" + host
	}
	c, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return host, false, fmt.Errorf("connecting to the API server at %s: %w", host, err)
	}
	defer c.CloseIdleConnections()
	if p := proxyOf(cfg, host); p != "" {
		return host, false, fmt.Errorf("the API server at %s is behind the proxy %s, which may answer for it: connect directly to check whether the cluster is gone", host, p)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*dialTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(host, "/")+"/version", nil)
	if err != nil {
		return host, false, fmt.Errorf("connecting to the API server at %s: %w", host, err)
	}
	res, err := c.Do(req)
	if err == nil {
		_ = res.Body.Close()
	}
	switch {
	case err == nil || reached.Load():
		return host, true, nil
	case noWay(err):
		return host, false, nil
	}
	return host, false, fmt.Errorf("checking whether the API server at %s answers: %w", host, err)
}

// noWay is true for an error that no connection came to be, for a reason that lies
// in the address.
func noWay(err error) bool {
	var name *net.DNSError
	if errors.As(err, &name) {
		return name.IsNotFound // else the resolver failed
	}
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// proxyOf is the proxy between us and the API server, if any.
func proxyOf(cfg *rest.Config, host string) string {
	proxy := cfg.Proxy
	if proxy == nil {
		proxy = http.ProxyFromEnvironment
	}
	req, err := http.NewRequest(http.MethodGet, host, nil)
	if err != nil {
		return ""
	}
	if u, err := proxy(req); err == nil && u != nil {
		return u.Redacted()
	}
	return ""
}
