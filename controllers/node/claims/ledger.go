package claims

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"sync"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/typed/core/v1"
)

// ErrFenced says that another manager took the ledger over: whoever gets it
// no longer leads and must stop.
var ErrFenced = errors.New("another manager has taken the claims ledger over; this one must stop")

// ErrFull says that the ledger has no room for another entry until others
// have ended. Nothing was written.
var ErrFull = errors.New("the claims ledger is full: too many nodes join or leave at once; it goes on when some of them are done")

const (
	// maxClaims and maxReleases bound the entries, in bytes, so that the
	// ConfigMap, which takes 1 MiB, can always be written. Releases have more
	// room, since they are what ends entries.
	maxClaims   = 640 << 10
	maxReleases = 768 << 10

	// After a write that many waited for, as much time passes until the next
	// as that write took, up to maxPause, so that each gathers more claims and
	// leaves a busy API server room for other work. After a quickWrite the next
	// one starts at once, and also where at most few waited: Nodes that come
	// one after the other are not made to wait for each other.
	quickWrite = 8 * time.Millisecond
	maxPause   = 100 * time.Millisecond
	few        = 8

	// defaultLinger spares a write for each Node that is done.
	defaultLinger = 500 * time.Millisecond
)

// Config is what a Ledger needs.
type Config struct {
	// ConfigMaps is the namespace the ledger lives in.
	ConfigMaps v1.ConfigMapInterface
	// Name is the ConfigMap's name.
	Name string
	// Holder is this manager's identity; no two managers have the same.
	Holder string
	// Linger is how long a change that nobody waits for may stay unwritten;
	// half a second by default.
	Linger time.Duration
	Log    logr.Logger
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
	linger   *time.Timer
	fenced   error
	writes   int64
}

// commit is a group of changes that go out in one write.
type commit struct {
	done    chan struct{}
	waiting int // for it
	err     error
}

// Claim promises a prefix to a Node and returns once the promise is durable.
// The only errors are ErrFenced, ErrFull and that of ctx; after the latter the
// promise may or may not have been written, so the prefix must stay occupied.
func (l *Ledger) Claim(ctx context.Context, e Entry) error {
	return l.commit(ctx, maxClaims, func(d *document) { d.claim(e) })
}

// Release says that a prefix's Node is gone, and ends the Node's claim. It
// returns as Claim does.
func (l *Ledger) Release(ctx context.Context, e Entry) error {
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
		d.endRelease(uid, p)
		d.endClaim(uid)
		l.held.drop(uid)
		return true
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

// Confirm reads live whether this ledger is still the open one; it gives
// ErrFenced if not.
func (l *Ledger) Confirm(ctx context.Context) error {
	cm, err := l.cfg.ConfigMaps.Get(ctx, l.cfg.Name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading the claims ledger, ConfigMap %s: %w", l.cfg.Name, err)
	}
	if !l.mine(cm) {
		return l.fencedBy(cm)
	}
	return nil
}

// mine tells whether the ConfigMap is as this ledger writes it. The epoch
// alone does not tell: it starts anew where the ConfigMap was deleted.
func (l *Ledger) mine(cm *corev1.ConfigMap) bool {
	return cm.Data[keyEpoch] == fmt.Sprint(l.epoch) && cm.Data[keyHolder] == l.cfg.Holder
}

func (l *Ledger) fencedBy(cm *corev1.ConfigMap) error {
	return fmt.Errorf("%w: ConfigMap %s is held by %q, epoch %s", ErrFenced, l.cfg.Name, cm.Data[keyHolder], cm.Data[keyEpoch])
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

func (l *Ledger) commit(ctx context.Context, room int, change func(*document)) error {
	l.mu.Lock()
	if l.fenced != nil {
		defer l.mu.Unlock()
		return l.fenced
	}
	if l.doc.size >= room {
		defer l.mu.Unlock()
		return ErrFull
	}
	change(l.doc)
	c := l.enqueue()
	c.waiting++
	l.mu.Unlock()
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return fmt.Errorf("waiting for the claims ledger to be written: %w", ctx.Err())
	}
}

func (l *Ledger) lazily(change func(*document) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fenced == nil && change(l.doc) {
		l.lingerLocked()
	}
}

// lingerLocked sees to it that what changed is written after a while. The
// caller holds mu.
func (l *Ledger) lingerLocked() {
	if l.next != nil || l.linger != nil {
		return
	}
	l.linger = time.AfterFunc(l.cfg.Linger, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.linger != nil && l.fenced == nil {
			l.enqueue()
		}
	})
}

// enqueue gives the commit that the next write settles, and sees to it that
// there is one. The caller holds mu.
func (l *Ledger) enqueue() *commit {
	if l.next == nil {
		l.next = &commit{done: make(chan struct{})}
	}
	c := l.next
	if !l.writing {
		l.writing = true
		go l.writeAll()
	}
	return c
}

// writeAll writes until nothing waits. Its context is the ledger's own: a
// write under way is never cut off, as its outcome would be unknown.
func (l *Ledger) writeAll() {
	for {
		l.mu.Lock()
		c := l.next
		if c == nil {
			l.writing = false
			l.mu.Unlock()
			return
		}
		if wait := time.Until(l.pause); wait > 0 {
			l.mu.Unlock()
			time.Sleep(wait)
			continue
		}
		l.next = nil
		if l.linger != nil {
			l.linger.Stop()
			l.linger = nil
		}
		l.sequence++
		cm := l.configMap()
		l.mu.Unlock()

		began := time.Now()
		version, err := l.write(cm)

		l.mu.Lock()
		if c.waiting > few {
			l.pause = time.Now().Add(min(time.Since(began)-quickWrite, maxPause))
		}
		l.version = version
		l.writes++
		c.err = err
		if err != nil {
			l.fence(err)
		}
		l.mu.Unlock()
		close(c.done)
	}
}

// fence stops the ledger for good. The caller holds mu.
func (l *Ledger) fence(err error) {
	l.fenced = err
	if l.next != nil {
		l.next.err = err
		close(l.next.done)
		l.next = nil
	}
}

func (l *Ledger) configMap() *corev1.ConfigMap {
	cm := &corev1.ConfigMap{Data: l.doc.render()}
	cm.Name, cm.ResourceVersion = l.cfg.Name, l.version
	cm.Annotations = map[string]string{annotationNotice: notice}
	cm.Data[keyEpoch] = fmt.Sprint(l.epoch)
	cm.Data[keyHolder] = l.cfg.Holder
	cm.Data[keySequence] = fmt.Sprint(l.sequence)
	return cm
}
