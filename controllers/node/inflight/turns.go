package inflight

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"
)

// turn is whose turn it is among the Nodes of a request that are attached one
// after the other.
type turn struct {
	uid     types.UID
	node    string
	failure *Failure
	waiting []string // names of Nodes
}

// Failure is why the Node whose turn it is cannot be attached.
type Failure struct{ Node, Reason, Text string }

// EnterTurn reports whether it is the Node's turn; if not, Call returns its name
// later. A Node that fails keeps its turn, so that no further one is tried.
func (l *Limiter) EnterTurn(request string, uid types.UID, name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.turns[request]
	if t == nil {
		t = &turn{}
		l.turns[request] = t
	}
	if t.uid == "" {
		t.uid, t.node = uid, name
	}
	if t.uid != uid && !slices.Contains(t.waiting, name) {
		t.waiting = append(t.waiting, name)
		slices.Sort(t.waiting)
	}
	return t.uid == uid
}

// HasTurn reports whether it is the Node's turn in any request.
func (l *Limiter) HasTurn(uid types.UID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.turnOf(uid) != nil
}

// FailTurn notes why the Node cannot be attached, and reports whether that is
// another reason than before.
func (l *Limiter) FailTurn(uid types.UID, reason, text string) (news bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.turnOf(uid)
	if t == nil {
		return false
	}
	news = t.failure == nil || t.failure.Reason != reason
	t.failure = &Failure{t.node, reason, text}
	return news
}

// LeaveTurn ends the Node's turn: it is attached, or gone, or to be left alone.
func (l *Limiter) LeaveTurn(uid types.UID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.turnOf(uid); t != nil {
		*t = turn{waiting: t.waiting}
	}
}

// FailedTurn returns why the request's Nodes are not attached; nil where all is
// well.
func (l *Limiter) FailedTurn(request string) *Failure {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.turns[request]; t != nil {
		return t.failure
	}
	return nil
}

func (l *Limiter) turnOf(uid types.UID) *turn {
	for _, t := range l.turns {
		if t.uid == uid {
			return t
		}
	}
	return nil
}

func (l *Limiter) nextTurns() (names []string) {
	for request, t := range l.turns {
		switch {
		case t.uid != "":
		case len(t.waiting) == 0:
			delete(l.turns, request)
		default:
			names = append(names, t.waiting[0])
			t.waiting = t.waiting[1:]
		}
	}
	return names
}
