package wanted

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

// Everyone is the selection of all nodes.
func Everyone() Selection { return Selection{Name: AllNodes} }

// Selects tells whether a node with these labels is in the set.
func (s Selection) Selects(l labels.Labels) bool {
	return labels.SelectorFromSet(s.Labels).Matches(l)
}

func (s Selection) name() string {
	if len(s.Labels) == 0 {
		return AllNodes
	}
	var pairs []string
	for k, v := range s.Labels {
		pairs = append(pairs, k+"="+v)
	}
	slices.Sort(pairs)
	sum := sha256.Sum256([]byte(strings.Join(pairs, ",")))
	return AllNodes + "-" + hex.EncodeToString(sum[:4])
}
