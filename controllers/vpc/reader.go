// Package vpc is the one reader of VPCs' address space. Controllers ask it for a
// reading that is as fresh as they need, and those that ask meanwhile share it:
// a reading takes dozens of calls out of the account's budget.
package vpc

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// Config is what a Reader needs.
type Config struct {
	// Open opens the VPC of a Network, its space whole: the reader sets apart
	// what leads around the Network's supernets.
	Open func(context.Context, *v1alpha1.Network) (cloud.VPC, error)
	// Now is the clock; time.Now where it is nil.
	Now func() time.Time
}

// Reader reads VPCs. Networks that say the same of their cloud share what is
// read, and differ in the supernets that they carve.
type Reader struct {
	Config

	mu      sync.Mutex
	spaces  map[string]*space    // by what the Networks say of their cloud
	changed map[string]time.Time // when we last changed each VPC, by its name
	watches []func(network string)
}

// New makes a Reader.
func New(c Config) *Reader {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Reader{Config: c, spaces: map[string]*space{}, changed: map[string]time.Time{}}
}

// Read returns what the Network's VPC held, by a reading that began at notBefore
// or later, and after we last changed the VPC (see [Reader.Changed]). It must
// not be changed: others may have the same.
//
// Errors are those of [cloud.Space], and those of opening the VPC; they are never
// remembered. Where ctx ends, others that wait for the same reading go on.
func (r *Reader) Read(ctx context.Context, n *v1alpha1.Network, notBefore time.Time) (cloud.Snapshot, error) {
	vpc, err := r.Open(ctx, n)
	if err != nil {
		return cloud.Snapshot{}, err
	}
	key, err := json.Marshal([]any{n.Spec.GCP, n.Spec.AWS})
	if err != nil {
		return cloud.Snapshot{}, fmt.Errorf("telling the VPC of Network %s from others: %w", n.Name, err)
	}
	reading := r.join(ctx, string(key), n.Name, vpc, notBefore)
	select {
	case <-reading.done:
	case <-ctx.Done():
		return cloud.Snapshot{}, fmt.Errorf("reading the VPC of Network %s: %w", n.Name, ctx.Err())
	}
	return cloud.Within(reading.snapshot, v1alpha1.ParseCIDRs(n.Spec.Supernets)), reading.err
}

// Fresh returns a reading that begins now or later.
func (r *Reader) Fresh(ctx context.Context, n *v1alpha1.Network) (cloud.Snapshot, error) {
	return r.Read(ctx, n, r.Now())
}

// Changed notes that we changed a VPC, or tried to, in any region of it: what
// began to be read before now may not show it.
func (r *Reader) Changed(at cloud.Place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changed[at.VPC] = r.Now()
}

// Forget drops what is known of a Network that is gone.
func (r *Reader) Forget(network string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, s := range r.spaces {
		s.networks = slices.DeleteFunc(s.networks, func(name string) bool { return name == network })
		if len(s.networks) == 0 {
			delete(r.spaces, key)
		}
	}
}
