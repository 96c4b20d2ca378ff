package assign

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Whether a Node's own name is written out or not, selectors see the same.
func TestLabelsOfANodeThatSharesThem(t *testing.T) {
	whole := map[string]string{corev1.LabelHostname: "a", "zone": "z"}
	short := map[string]string{corev1.LabelHostname: OwnName, "zone": "z"}
	for text, want := range map[string]bool{
		"":                                  true,
		"zone=z":                            true,
		"kubernetes.io/hostname=a":          true,
		"kubernetes.io/hostname=b":          false,
		"kubernetes.io/hostname!=a":         false,
		"kubernetes.io/hostname":            true,
		"!kubernetes.io/hostname":           false,
		"kubernetes.io/hostname in (a,b)":   true,
		"kubernetes.io/hostname notin (a)":  false,
		"kubernetes.io/hostname=a,zone=y":   false,
		"kubernetes.io/hostname=a,!missing": true,
	} {
		selector, err := labels.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range []map[string]string{whole, short} {
			n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: l}}
			if got := selector.Matches(LabelsOf(n)); got != want {
				t.Errorf("%q of %v: %v", text, l, got)
			}
		}
	}
}
