package loadbalancer

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/wanted"
)

// TestEverythingSparesWhatLivesAndWhatIsOthers: a Network that goes takes
// nothing of another one in its region, of another cluster, or of nobody's.
func TestEverythingSparesWhatLivesAndWhatIsOthers(t *testing.T) {
	pool := func(name string) lb.Resource {
		return lb.Resource{Ref: lb.Ref{Kind: "pool", Name: name}, Owner: lb.SetOwner("c1", "nodes")}
	}
	door := func(name string, o cloud.Owner, uses ...lb.Ref) lb.Resource {
		return lb.Resource{Ref: lb.Ref{Kind: "door", Name: name}, Owner: o, Uses: uses}
	}
	used, unused := pool("used"), pool("unused")
	state := lb.StateOf(used, unused,
		door("lives", wanted.Owner("c1", "default", "lives"), used.Ref),
		door("gone", wanted.Owner("c1", "default", "gone"), used.Ref, unused.Ref),
		door("other", wanted.Owner("c2", "default", "gone")),
		door("foreign", cloud.Owner{}))
	alive := corev1.Service{}
	alive.Namespace, alive.Name = "default", "lives"
	alive.Finalizers = []string{"vpcnative.dev/load-balancer-cleanup"}
	lives := Lives([]corev1.Service{alive}, "c1", false)
	got := map[string]bool{}
	for _, o := range Everything(state, "c1", lives) {
		got[o.Name] = true
	}
	if len(got) != 2 || !got["gone"] || !got["unused"] {
		t.Errorf("got %v", got)
	}
	for _, o := range lb.Orphans(state, lives) {
		if o.Name != "gone" {
			t.Errorf("%s is an orphan", o.Name)
		}
	}
}
