package gcp

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
)

// fakeAPI answers from functions; a call without one panics. It is for what
// the simulator cannot do: a hole in a list, an operation that vanishes.
type fakeAPI struct {
	api
	mu           sync.Mutex
	calls        map[string]int
	onInstances  func(project, token string) (page[instance], error)
	onOperation  func(name string) (operation, error)
	onOperations func(max int64, token string) (page[operation], error)
}

func (f *fakeAPI) count(method string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls == nil {
		f.calls = map[string]int{}
	}
	f.calls[method]++
}

func (f *fakeAPI) counted(method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[method]
}

func (f *fakeAPI) instances(_ context.Context, project, token string) (page[instance], error) {
	f.count("instances")
	return f.onInstances(project, token)
}

func (f *fakeAPI) operation(_ context.Context, _ scope, name string) (operation, error) {
	f.count("operation")
	return f.onOperation(name)
}

func (f *fakeAPI) operations(_ context.Context, _ scope, max int64, token string) (page[operation], error) {
	f.count("operations")
	return f.onOperations(max, token)
}

func newFake(t *testing.T, f *fakeAPI) *vpc {
	t.Helper()
	v := newVPC(Config{
		Project: "p1", Network: "vpc", Region: "r1", Subnetworks: []string{"nodes"}, InstanceProjects: []string{"p2", "p1"},
		RetryPolicy: cloud.RetryPolicy{Retries: 2, BackoffMin: time.Millisecond, BackoffMax: 2 * time.Millisecond},
		PollMin:     5 * time.Millisecond, PollMax: 50 * time.Millisecond,
	}.withDefaults(), f)
	t.Cleanup(v.ops.close)
	return v
}
