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

func TestRoleNamesFitAndCarryTheirMark(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"shop", "Shop.With.Dots", strings.Repeat("long-", 40), "x", "---", "abcdefgh-abcdefgh"} {
		o := Owner{ClusterID: "b7d3", Kind: "Service", Namespace: "web", Name: name}
		for _, role := range []string{"a", "fr4tcp0", "bs123456789", "abcdefgh"} {
			long, short := o.RoleName(role), "vn-"+hash(o.ClusterID)+"-"+o.hash()+"-"+role
			if !computeName.MatchString(long) || len(short) > 32 {
				t.Errorf("%q or %q is too long or no name", long, short)
			}
			for _, got := range []string{long, short, o.ObjectName(7)} {
				if !wholly(o.NamePattern(), got) || !wholly(ClusterPattern("b7d3"), got) || wholly(Owner{ClusterID: "b7d3", Name: "other"}.NamePattern(), got) {
					t.Errorf("%q does not match its own patterns alone", got)
				}
			}
			for _, got := range []string{long, short} {
				if mark := ParseMark(got); !mark.Of(o) || mark.Role != role {
					t.Errorf("ParseMark(%q) = %+v: not the mark of %+v", got, mark, o)
				}
			}
		}
		if got, ok := ParseDescription(o.Description()); !ok || got != o {
			t.Errorf("the description of %+v is read as %+v", o, got)
		}
	}
	cluster := Owner{ClusterID: "b7d3", Kind: "NodeSet", Name: "nodes"}
	if got, ok := ParseDescription(cluster.Description()); !ok || got != cluster {
		t.Errorf("the description of %+v is read as %+v", cluster, got)
	}
	if got, ok := ParseDescription("made by hand"); ok {
		t.Errorf("somebody's words are read as %+v", got)
	}
}

func wholly(pattern, s string) bool {
	return regexp.MustCompile("^(?:" + pattern + ")$").MatchString(s)
}

func TestForeignNamesCarryNoMark(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "pods", "vn-pods", "gke-cluster-pods-1a2b3c4d", "vn-abcdefgh-pods-abcdefgh", "vn-abcdefg1-p-abcdefgh-0", "vn-abcdefgh-abcdefgh-toolongarole"} {
		if m := ParseMark(name); !m.IsZero() {
			t.Errorf("ParseMark(%q) = %+v, want none", name, m)
		}
	}
}
