package release

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/cloud"
)

// CountEvery is how often the Nodes that are gone are counted while there are
// releases.
const CountEvery = time.Second

// held are the Nodes of a VPC whose prefixes stay on their machines, as too many
// vanished together.
type held struct {
	at    time.Time // when the count began
	nodes map[types.UID]string
}

// Hold notes who is held in a VPC by a count that began at that time, and returns
// the names of those who no longer are. A release that begins while others are
// counted is in no count yet.
func (t *Tracker) Hold(at cloud.Place, began time.Time, nodes map[types.UID]string) (freed []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for uid, name := range t.held[at].nodes {
		if _, still := nodes[uid]; !still {
			freed = append(freed, name)
		}
	}
	if t.held == nil {
		t.held = map[cloud.Place]held{}
	}
	t.held[at] = held{began, nodes}
	return freed
}

// Held reports whether the Node's detachment is held, and when to look again: so
// that all who are held make a few looks a second together. It is held until it
// has been counted.
func (t *Tracker) Held(at cloud.Place, uid types.UID) (again time.Duration, is bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.held[at]
	if x := t.byUID[uid]; x == nil || h.at.Before(x.Since) || t.now().Sub(h.at) > 2*CountEvery {
		return CountEvery, true
	}
	_, is = h.nodes[uid]
	return max(time.Duration(len(h.nodes))*time.Second/5, 10*CountEvery), is
}
