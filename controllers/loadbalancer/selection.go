package loadbalancer

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
)

// AllNodes is the name of the set that balancers have unless they select.
const AllNodes = "nodes"

// Selection says which nodes a set has.
type Selection struct {
	// Name is a function of the rest.
	Name string
	// Labels that a node must have; any node where there are none.
	Labels map[string]string
}

// SelectionOf are the nodes with these labels; all where there are none.
func SelectionOf(labels map[string]string) Selection {
	if len(labels) == 0 {
		return Selection{Name: AllNodes}
	}
	var pairs []string
	for k, v := range labels {
		pairs = append(pairs, k+"="+v)
	}
	slices.Sort(pairs)
	sum := sha256.Sum256([]byte(strings.Join(pairs, ",")))
	return Selection{AllNodes + "-" + hex.EncodeToString(sum[:4]), labels}
}

// Selects reports whether a node with these labels is in the set.
func (s Selection) Selects(l labels.Labels) bool {
	return labels.SelectorFromSet(s.Labels).Matches(l)
}
