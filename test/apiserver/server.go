// Package apiserver runs a real etcd and kube-apiserver, and on demand the
// kube-controller-manager's nodeipam or service-cidr-controller, for tests,
// benchmarks and the demo. There
// is no kubelet and no scheduler. Everything listens on loopback only and
// nothing outlives the process that started it.
package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// Options of a control plane; the zero value is a good one.
type Options struct {
	// CRDDirs hold the CustomResourceDefinitions to install; they are served
	// when Start returns. A directory that is missing is an error.
	CRDDirs []string
	// APIServerFlags and EtcdFlags are added to the defaults, or replace them,
	// by name without dashes. etcd does not sync to disk.
	APIServerFlags map[string][]string
	EtcdFlags      map[string][]string
	// Names are names and addresses by which others than this machine's
	// programs reach the API server: its certificate is good for them.
	Names []string
	// StartTimeout bounds each try to start; five minutes by default, as
	// machines that run tests are busy. Usually it takes a few seconds.
	StartTimeout time.Duration
}

// Server is a running control plane.
type Server struct {
	// Config is that of an administrator, without a client-side rate limit.
	Config *rest.Config
	// KubeconfigFile holds the same; it is gone after Stop.
	KubeconfigFile string
	// Dir holds the data, the logs and the kubeconfig files; it is gone after Stop.
	Dir string

	guard      *guard
	plane      *envtest.ControlPlane
	adminToken string
	release    func() bool
}

// Start runs a control plane until Stop is called, ctx is done or this process
// dies. It returns when the API server serves and the CRDs are established.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.StartTimeout == 0 {
		o.StartTimeout = 5 * time.Minute
	}
	for try := 1; ; try++ {
		s, err := startOnce(ctx, o)
		if err == nil {
			return s, nil
		}
		if try == startTries || ctx.Err() != nil || !strings.Contains(err.Error(), portTaken) {
			return nil, fmt.Errorf("starting a control plane: %w", err)
		}
	}
}

// portTaken: a port that was free when it was chosen may be taken when the
// server listens; that is worth another try.
const (
	portTaken  = "address already in use"
	startTries = 3
)

func startOnce(ctx context.Context, o Options) (_ *Server, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	apiServer, err := Asset("kube-apiserver")
	if err != nil {
		return nil, err
	}
	etcd, err := Asset("etcd")
	if err != nil {
		return nil, err
	}
	guard, err := newGuard("vpcnative-controlplane-")
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: guard.dir, guard: guard, plane: &envtest.ControlPlane{}}
	// Ending the guard ends the processes, and what waits for them returns.
	s.release = context.AfterFunc(ctx, func() { _ = guard.stop() })
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()

	if err := s.startPlane(apiServer, etcd, o); err != nil {
		return nil, err
	}
	if err := s.addAdmin(); err != nil {
		return nil, err
	}
	if err := s.waitReady(ctx, o.StartTimeout); err != nil {
		return nil, err
	}
	if len(o.CRDDirs) > 0 {
		_, err := envtest.InstallCRDs(s.Config, envtest.CRDInstallOptions{
			Paths: o.CRDDirs, ErrorIfPathMissing: true,
			MaxTime: o.StartTimeout, PollInterval: 20 * time.Millisecond,
		})
		if err != nil {
			return nil, fmt.Errorf("installing the CRDs of %s: %w", strings.Join(o.CRDDirs, ", "), err)
		}
	}
	return s, nil
}

func (s *Server) startPlane(apiServer, etcd string, o Options) error {
	api := s.plane.GetAPIServer()
	s.plane.Etcd = &envtest.Etcd{}
	apiLog, err := s.prepare("kube-apiserver", apiServer, &api.Path, &api.CertDir)
	if err != nil {
		return err
	}
	defer func() { _ = apiLog.Close() }() // the process has its own copy
	etcdLog, err := s.prepare("etcd", etcd, &s.plane.Etcd.Path, &s.plane.Etcd.DataDir)
	if err != nil {
		return err
	}
	defer func() { _ = etcdLog.Close() }()
	api.Out, api.Err = apiLog, apiLog
	s.plane.Etcd.Out, s.plane.Etcd.Err = etcdLog, etcdLog
	if len(o.Names) > 0 {
		if err := serveAs(api, o.Names); err != nil {
			return err
		}
	}
	api.StartTimeout, s.plane.Etcd.StartTimeout = o.StartTimeout, o.StartTimeout
	// Nobody connects to this address: it is only published as the endpoint of
	// the Service "kubernetes", which refuses loopback. Without it the server
	// looks for a default route and fails where there is no network.
	api.Configure().Set("advertise-address", "198.51.100.1")
	api.Configure().Set("service-cluster-ip-range", ServiceRange)
	tokens, err := s.issueToken()
	if err != nil {
		return err
	}
	api.Configure().Set("token-auth-file", tokens)
	// A lone member elects itself after one election timeout; the default adds
	// half a second to every start.
	s.plane.Etcd.Configure().Set("heartbeat-interval", "50").Set("election-timeout", "250")
	for flag, values := range o.APIServerFlags {
		api.Configure().Set(flag, values...)
	}
	for flag, values := range o.EtcdFlags {
		s.plane.Etcd.Configure().Set(flag, values...)
	}
	if err := s.plane.Start(); err != nil {
		return fmt.Errorf("%w\netcd said: %s\nkube-apiserver said: %s", err, s.logTail("etcd"), s.logTail("kube-apiserver"))
	}
	return nil
}

// prepare puts a binary under the guard, with a directory and a log of its own.
func (s *Server) prepare(name, binary string, path, dir *string) (log *os.File, err error) {
	if *path, err = s.guard.wrap(name, binary); err != nil {
		return nil, err
	}
	*dir = filepath.Join(s.Dir, name)
	if err := os.Mkdir(*dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the directory of %s: %w", name, err)
	}
	if log, err = os.Create(s.logFile(name)); err != nil {
		return nil, fmt.Errorf("making the log of %s: %w", name, err)
	}
	return log, nil
}

// waitReady waits for more than /healthz, which envtest waits for: the default
// namespace and the roles exist only when /readyz says so.
func (s *Server) waitReady(ctx context.Context, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	client, err := rest.HTTPClientFor(s.Config)
	if err != nil {
		return fmt.Errorf("making a client of the API server: %w", err)
	}
	defer client.CloseIdleConnections()
	var last string
	for ctx.Err() == nil {
		for _, path := range []string{"readyz", "api/v1/namespaces/default"} {
			if last = probe(ctx, client, s.Config.Host+path); last != "" {
				break
			}
		}
		if last == "" {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("waiting for the API server to be ready: %w; it last said %q", ctx.Err(), last)
}

func probe(ctx context.Context, client *http.Client, url string) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	res, err := client.Do(req)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return res.Status
	}
	return ""
}

// User is one that the API server knows.
type User struct {
	Config         *rest.Config
	KubeconfigFile string
}

// AddUser makes credentials for a user. What the user may do is up to roles
// bound to its name and groups; "system:masters" may do everything.
func (s *Server) AddUser(name string, groups ...string) (*User, error) {
	u, err := s.plane.AddUser(envtest.User{Name: name, Groups: groups}, &rest.Config{QPS: -1})
	if err != nil {
		return nil, fmt.Errorf("making credentials for %s: %w", name, err)
	}
	content, err := u.KubeConfig()
	if err != nil {
		return nil, fmt.Errorf("making the kubeconfig of %s: %w", name, err)
	}
	file, err := os.CreateTemp(s.Dir, "*.kubeconfig") // a user's name may not be a file's
	if err != nil {
		return nil, fmt.Errorf("writing the kubeconfig of %s: %w", name, err)
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("writing the kubeconfig of %s: %w", name, err)
	}
	return &User{Config: u.Config(), KubeconfigFile: file.Name()}, nil
}

// Stop ends the control plane and everything started against it with Run, and
// removes their data. It may be called more than once.
func (s *Server) Stop() error {
	s.release()
	return s.guard.stop()
}

// Pids are the processes of the control plane, and those started by Run that
// have not ended.
func (s *Server) Pids() []int { return s.guard.pids() }

func (s *Server) logFile(name string) string { return filepath.Join(s.Dir, name+".log") }

func (s *Server) logTail(name string) string {
	const most = 2000
	content, err := os.ReadFile(s.logFile(name))
	if err != nil {
		return err.Error()
	}
	return string(content[max(0, len(content)-most):])
}
