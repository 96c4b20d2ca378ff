package claims

import (
	"context"
	"errors"
	"math"
	"net/netip"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// ErrFenced reports that another manager took the ledger over: whoever gets it
// no longer leads and must stop.
var ErrFenced = errors.New("another manager has taken the claims ledger over; this one must stop")

// ErrFull reports that the ledger has no room for another entry until others
// have ended. Nothing was written.
var ErrFull = errors.New("the claims ledger is full: too many nodes join or leave at once; it goes on when some of them are done")

const (
	// maxClaims and maxReleases bound the entries, in bytes, so that the
	// ConfigMap, which takes 1 MiB, can always be written. Releases have more
	// room, since they are what ends entries.
	maxClaims   = 640 << 10
	maxReleases = 768 << 10

	// linger is how long a change that nobody waits for may stay unwritten; it
	// spares a write for each Node that is done.
	linger = 500 * time.Millisecond
)

// DefaultName is the ConfigMap's.
const DefaultName = "vpcnative-claims"

// Config is what a Ledger needs.
type Config struct {
	// ConfigMaps is the namespace the ledger lives in.
	ConfigMaps v1.ConfigMapInterface
	// Name is the ConfigMap's name.
	Name string
	// Holder is this manager's identity; no two managers have the same.
	Holder string
	// StillLeads reads live whether this manager leads. It is asked before the
	// ConfigMap is written anew where somebody deleted it; without it, that
	// ends the ledger.
	StillLeads func(context.Context) error
	// Now is the time; time.Now by default.
	Now func() time.Time
	Log logr.Logger
}

// Ledger is the open ledger of the manager that leads.
type Ledger struct {
	cfg   Config
	epoch int64

	mu       sync.Mutex
	doc      *document
	held     *holdings
	version  string // resourceVersion of the ConfigMap
	sequence int64
	next     *commit // what the next write will carry; nil: nothing waits
	writing  bool
	pause    time.Time // before it, no write begins
	retry    retry     // of the main ConfigMap
	linger   *time.Timer
	fenced   error
	writes   int64
}

// Claim promises a prefix to a Node and returns once the promise is durable.
// The only errors are ErrFenced, ErrFull, a *BlockedError and that of ctx;
// after the latter two the promise may or may not have been written, and may
// be yet: the prefix must stay occupied until the claim is made again or ended.
func (l *Ledger) Claim(ctx context.Context, e allocator.Allocation) error {
	return l.commit(ctx, maxClaims, func(d *document) { d.claim(e) })
}

// Release says that a prefix's Node is gone, and ends the Node's claim. It
// returns as Claim does.
func (l *Ledger) Release(ctx context.Context, e allocator.Allocation) error {
	return l.commit(ctx, maxReleases, func(d *document) {
		d.endClaim(e.NodeUID)
		d.release(e)
	})
}

// End ends all that the ledger says of a Node and a prefix: the Node lives on
// under a new UID, whose own claim is made next, or it can never have the
// prefix.
func (l *Ledger) End(uid types.UID, p netip.Prefix) {
	l.lazily(func(d *document) bool {
		l.held.drop(uid)
		released, claimed := d.endRelease(uid, p), d.endClaim(uid)
		return released || claimed
	})
}

// LeaveOn says that a released prefix stays on its instance, which may be for
// as long as that lives: the release alone remembers it until its Rest.
func (l *Ledger) LeaveOn(uid types.UID) {
	l.lazily(func(*document) bool {
		l.held.drop(uid)
		return false
	})
}

// Rest says that the cloud no longer shows a released prefix and that it
// rests until then. It is written with the next change, or after a while:
// until it is, the release stands, and whoever reads it rests the prefix
// afresh.
func (l *Ledger) Rest(uid types.UID, p netip.Prefix, until, now time.Time) {
	l.lazily(func(d *document) bool {
		d.endReleasesOf(p)
		d.rest(p, until, now)
		l.held.drop(uid)
		return true
	})
}

// RestAround is Rest for a released prefix of which parts were there before us:
// they stay, as after LeaveOn, and what was ours of it rests.
func (l *Ledger) RestAround(e allocator.Allocation, until, now time.Time) {
	l.lazily(func(d *document) bool {
		d.endReleasesOf(e.Prefix)
		for _, p := range e.Ours() {
			d.rest(p, until, now)
		}
		left := e
		left.Adopted, left.Before = true, prefix.Parts{}
		for _, left.Prefix = range e.Before.List() {
			d.release(left)
		}
		l.held.drop(e.NodeUID)
		return true
	})
}

// Writes counts the writes so far.
func (l *Ledger) Writes() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.writes
}

// Flush writes what is not written yet.
func (l *Ledger) Flush(ctx context.Context) error {
	return l.commit(ctx, math.MaxInt, func(*document) {})
}
