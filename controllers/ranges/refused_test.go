package ranges

import (
	"net/netip"
	"slices"
	"testing"
)

// TestAPlanKeepsClearOfWhatWasRefused: until another cluster's change is done
// the VPC reads as if the block were free.
func TestAPlanKeepsClearOfWhatWasRefused(t *testing.T) {
	t.Parallel()
	in := story{length: 16, vpc: []string{"a", "b"}}.input()
	for range 4 {
		steps, no := Plan(in)
		if no != nil {
			t.Fatal(no)
		}
		for _, s := range steps {
			if slices.Contains(in.Refused, s.Range.Prefix) {
				t.Errorf("%s was refused and is planned again", s.Range.Prefix)
			}
		}
		in.Refused = append(in.Refused, steps[0].Range.Prefix)
	}
	in.Refused = append(in.Refused, netip.MustParsePrefix("10.0.0.0/12"))
	if steps, no := Plan(in); no == nil {
		t.Errorf("all was refused, and %v is planned", steps)
	}
}
