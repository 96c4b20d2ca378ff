package loadbalancer

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/labels"
)

func TestSelectionsAreNamedByWhatTheySelect(t *testing.T) {
	t.Parallel()
	a, b, everyone := SelectionOf(map[string]string{"x": "1", "y": "2"}), SelectionOf(map[string]string{"x": "1"}), SelectionOf(nil)
	names := []string{a.Name, b.Name, everyone.Name}
	slices.Sort(names)
	if len(slices.Compact(names)) != 3 {
		t.Errorf("%v", names)
	}
	if !a.Selects(labels.Set{"x": "1", "y": "2", "z": "3"}) || a.Selects(labels.Set{"x": "1"}) || !everyone.Selects(labels.Set(nil)) {
		t.Error("it selects others")
	}
}
