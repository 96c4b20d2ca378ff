package carve

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// TestAPlanKeepsClearOfWhatWasRefused: until another cluster's change is done
// the VPC reads as if the block were free.
func TestAPlanKeepsClearOfWhatWasRefused(t *testing.T) {
	t.Parallel()
	in := story{length: 16, vpc: []string{"a", "b"}}.input()
	in.Now = noon
	refused := func(cidr string) {
		in.Request.Status.Refused = append(in.Request.Status.Refused, v1alpha1.RefusedBlock{CIDR: cidr, Time: metav1.NewTime(noon), Count: 1})
	}
	for range 4 {
		steps, _, no := Plan(in)
		if no != nil {
			t.Fatal(no)
		}
		for _, s := range steps {
			if slices.ContainsFunc(in.Request.Status.Refused, func(x v1alpha1.RefusedBlock) bool { return x.CIDR == s.Range.Prefix.String() }) {
				t.Errorf("%s was refused and is planned again", s.Range.Prefix)
			}
		}
		refused(steps[0].Range.Prefix.String())
	}
	refused("10.0.0.0/12")
	if steps, _, no := Plan(in); no == nil {
		t.Errorf("all was refused, and %v is planned", steps)
	}
}

// TestGrowthStaysInTheSpaceThatWasAskedFor: in the supernet of the first ranges,
// then in one of the same kind of space, in another kind only where the request
// names it.
func TestGrowthStaysInTheSpaceThatWasAskedFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		supernets, own  []v1alpha1.CIDR
		first, want, no string
	}{
		{"the same supernet", []v1alpha1.CIDR{"10.64.0.0/16", "100.66.0.0/16"}, nil, "100.66.0.0/24", "100.66.0.0/16", ""},
		{"the same kind of space", []v1alpha1.CIDR{"10.64.0.0/16", "100.66.0.0/24", "100.67.0.0/24"}, nil, "100.66.0.0/24", "100.67.0.0/24", ""},
		{"no other kind", []v1alpha1.CIDR{"10.64.0.0/16", "100.66.0.0/24"}, nil, "100.66.0.0/24", "", "10.64.0.0/16, which is a different kind of address space"},
		{"where it says", []v1alpha1.CIDR{"10.64.0.0/16", "100.66.0.0/16"}, []v1alpha1.CIDR{"10.64.128.0/17"}, "100.66.0.0/24", "10.64.128.0/17", ""},
		{"nowhere else", []v1alpha1.CIDR{"10.64.0.0/16", "100.66.0.0/24"}, []v1alpha1.CIDR{"100.66.0.0/24"}, "100.66.0.0/24", "", "not among the request's supernets"},
		{"in the Network's", []v1alpha1.CIDR{"10.64.0.0/16"}, []v1alpha1.CIDR{"10.65.0.0/16"}, "10.64.0.0/24", "", "outside the supernets of Network default"},
	} {
		in := story{cidrs: []v1alpha1.CIDR{v1alpha1.CIDR(c.first)}, growth: true, had: granted(c.first, "nodes"), ranges: there(c.first, "nodes")}.input()
		in.Network.Spec.Supernets, in.Request.Spec.Supernets = c.supernets, c.own
		got, no := PlanFurther(in, Further{Subnet: "nodes", Length: 24, Why: "2 nodes wait"})
		switch {
		case c.no != "" && (no == nil || !strings.Contains(no.Text, c.no)):
			t.Errorf("%s: refused with %v, want %q", c.name, no, c.no)
		case c.no == "" && (no != nil || !netip.MustParsePrefix(c.want).Contains(got.Range.Prefix.Addr())):
			t.Errorf("%s: got %s, %v, want one in %s", c.name, got.Range.Prefix, no, c.want)
		}
	}
}

// TestASubnetCanStillExpand: what it would expand into is the last to be taken.
func TestASubnetCanStillExpand(t *testing.T) {
	t.Parallel()
	in := story{length: 22}.input() // its subnet has 10.0.0.0/20
	in.Network.Spec.Supernets, in.Network.Spec.Reserved = []v1alpha1.CIDR{"10.0.0.0/18"}, nil
	beside := netip.MustParsePrefix("10.0.16.0/20")
	for i := range 12 {
		steps, _, no := Plan(in)
		if no != nil {
			t.Fatal(no)
		}
		p := steps[0].Range.Prefix
		if (i >= 8) != beside.Overlaps(p) {
			t.Errorf("range %d is %s", i, p)
		}
		other := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("other", i)}}
		other.Status.Ranges = granted(p.String(), "nodes")
		in.Others = append(in.Others, other)
	}
}
