package claims

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
)

// patience is how long a write fails for reasons that may pass before those
// who wait for it are told: longer than one try that hangs.
const patience = 15 * time.Second

// BlockedError reports that a ConfigMap of the ledger cannot be written: nothing
// that was promised is lost, and nothing more is promised until it can. It is
// tried again, later each time.
type BlockedError struct {
	ConfigMap string
	Err       error // what came back
	Remedy    string
}

func (e *BlockedError) Error() string {
	return fmt.Sprintf("writing the claims ledger, ConfigMap %s: %v; %s", e.ConfigMap, e.Err, e.Remedy)
}

func (e *BlockedError) Unwrap() error { return e.Err }

// hinted is a failure and what is peculiar to its ConfigMap.
type hinted struct {
	error
	remedy string
}

func (h hinted) Unwrap() error { return h.error }

// withHint adds to a failure what the ConfigMap, as it is, says of its cause.
func withHint(err error, now *corev1.ConfigMap) error {
	if err != nil && now.Immutable != nil && *now.Immutable {
		return hinted{err, "it was made immutable: delete it, and it is written anew at once with all that it said"}
	}
	return err
}

// lasting reports a refusal that trying again does not change.
func lasting(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) || apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) ||
		apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) || apierrors.IsRequestEntityTooLargeError(err)
}

func remedyOf(err error) string {
	if h, ok := errors.AsType[hinted](err); ok {
		return h.remedy
	}
	switch {
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return "give the manager's service account the rights of deploy/manifests/rbac.yaml, or exempt this ConfigMap from the policy or quota that refuses it"
	case apierrors.IsNotFound(err):
		return "see that the manager's namespace exists"
	case lasting(err):
		return "exempt this ConfigMap from the policy that refuses it"
	}
	return "see whether the API server and its admission webhooks answer"
}

// retry is how it stands with the writing of one ConfigMap.
type retry struct {
	since   time.Time // of the first failure in a row
	next    time.Time // before it, there is no other try
	backoff wait.Backoff
	blocked *BlockedError // nil: it may pass
}

// failed notes that a try failed.
func (r *retry) failed(name string, err error, now time.Time) {
	if r.since.IsZero() {
		r.since = now
		r.backoff = wait.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Jitter: 0.1, Cap: 15 * time.Second, Steps: math.MaxInt}
	}
	r.next = now.Add(r.backoff.Step())
	if lasting(err) || now.Sub(r.since) >= patience {
		r.blocked = &BlockedError{ConfigMap: name, Err: err, Remedy: remedyOf(err)}
	}
}

// Blocked returns the ConfigMaps that cannot be written, and why.
func (l *Ledger) Blocked() []*BlockedError {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string]*BlockedError{}
	if b := l.retry.blocked; b != nil {
		out[b.ConfigMap] = b
	}
	for _, s := range l.held.shards {
		if b := s.retry.blocked; b != nil {
			out[b.ConfigMap] = b
		}
	}
	return slices.SortedFunc(maps.Values(out), func(a, b *BlockedError) int { return strings.Compare(a.ConfigMap, b.ConfigMap) })
}

// full reports that there is no room, and why there will be none where that is
// known. The caller holds mu.
func (l *Ledger) full() error {
	for _, s := range l.held.shards {
		if s.retry.blocked != nil {
			return fmt.Errorf("%w: %w", ErrFull, s.retry.blocked)
		}
	}
	return ErrFull
}
