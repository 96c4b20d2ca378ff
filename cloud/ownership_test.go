package cloud

import (
	"regexp"
	"strings"
	"testing"
)

// computeName is Compute Engine's rule for names.
var computeName = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)

func TestObjectNameIsValidAndCarriesItsMark(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"pods", "Pods.With.Dots", strings.Repeat("long-", 40), "x", "---"} {
		o := Owner{ClusterID: "b7d3", Kind: "RangeRequest", Name: name}
		for _, index := range []int{0, 7, 999999} {
			got := o.ObjectName(index)
			if !computeName.MatchString(got) {
				t.Errorf("ObjectName(%q, %d) = %q: not a Compute Engine name", name, index, got)
			}
			mark := ParseMark(got)
			if !mark.Of(o) || mark.Index != index {
				t.Errorf("ParseMark(%q) = %+v: not the mark of %+v", got, mark, o)
			}
			if mark.Of(Owner{ClusterID: "other", Kind: o.Kind, Name: name}) {
				t.Errorf("%q passes for another cluster's", got)
			}
			if mark.Of(Owner{ClusterID: o.ClusterID, Kind: o.Kind, Name: name + "x"}) {
				t.Errorf("%q passes for another owner's", got)
			}
		}
	}
}

func TestForeignNamesCarryNoMark(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "pods", "vn-pods", "gke-cluster-pods-1a2b3c4d", "vn-abcdefgh-pods-abcdefgh", "vn-abcdefg1-p-abcdefgh-0"} {
		if m := ParseMark(name); !m.IsZero() {
			t.Errorf("ParseMark(%q) = %+v, want none", name, m)
		}
	}
}
