package assign

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// OwnName stands, in the labels of a Node that is kept in memory, for a
// hostname that is the Node's own name: without it, Nodes of one kind have the
// same labels and can share them. No label can have this value.
const OwnName = "@"

// LabelsOf are a Node's labels for selectors.
func LabelsOf(n *corev1.Node) labels.Labels {
	if n.Labels[corev1.LabelHostname] != OwnName {
		return labels.Set(n.Labels)
	}
	return namedLabels{n.Labels, n.Name}
}

type namedLabels struct {
	labels.Set
	name string
}

func (l namedLabels) Get(key string) string {
	if key == corev1.LabelHostname {
		return l.name
	}
	return l.Set.Get(key)
}

func (l namedLabels) Lookup(key string) (string, bool) {
	if key == corev1.LabelHostname {
		return l.name, true
	}
	return l.Set.Lookup(key)
}
