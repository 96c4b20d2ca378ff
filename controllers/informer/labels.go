package informer

import (
	"hash/maphash"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/controllers/assign"
)

// kinds are the label sets of recent Nodes. Nodes of one kind and zone mostly
// have the same labels but for their hostname, and a map of a dozen takes most
// of a kilobyte. What the cache holds is never changed.
var kinds = labelKinds{seed: maphash.MakeSeed()}

type labelKinds struct {
	seed maphash.Seed

	mu     sync.Mutex
	byHash map[uint64]map[string]string
}

// maxKinds bounds what is remembered, where each Node has a label of its own.
const maxKinds = 256

// shared returns labels that other Nodes have too. Those that no other Node has
// still share their words.
func (k *labelKinds) shared(n *corev1.Node) map[string]string {
	if n.Labels == nil {
		return nil
	}
	value := func(key, value string) string {
		if key == corev1.LabelHostname && value == n.Name {
			return assign.OwnName
		}
		return value
	}
	var hash uint64 // whatever the order
	for key, v := range n.Labels {
		hash ^= maphash.Comparable(k.seed, [2]string{key, value(key, v)})
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	had, known := k.byHash[hash]
	if known && len(had) == len(n.Labels) && sameLabels(had, n.Labels, value) {
		return had
	}
	own := make(map[string]string, len(n.Labels))
	for key, v := range n.Labels {
		own[word(key)] = word(value(key, v))
	}
	if k.byHash == nil || len(k.byHash) >= maxKinds {
		k.byHash = map[uint64]map[string]string{}
	}
	k.byHash[hash] = own
	return own
}

func sameLabels(had, labels map[string]string, value func(key, value string) string) bool {
	for key, v := range labels {
		if got, has := had[key]; !has || got != value(key, v) {
			return false
		}
	}
	return true
}
