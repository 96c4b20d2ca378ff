package loadbalancer

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// shop is an owner of a kind that the engine has never heard of.
func shop(name string) cloud.Owner {
	return cloud.Owner{ClusterID: "c1", Kind: "Shop", Namespace: "default", Name: name}
}

func object(name string) client.Object {
	return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
}

// TestEverythingSparesWhatLivesAndWhatIsOthers: a Network that goes takes
// nothing of another one in its region, of another cluster, of a kind that
// nobody registered, or of nobody's.
func TestEverythingSparesWhatLivesAndWhatIsOthers(t *testing.T) {
	t.Parallel()
	pool := func(name string) lb.Resource {
		return lb.Resource{Ref: lb.Ref{Kind: "pool", Name: name}, Owner: lb.SetOwner("c1", "nodes"), Shared: true}
	}
	door := func(name string, o cloud.Owner, uses ...lb.Ref) lb.Resource {
		return lb.Resource{Ref: lb.Ref{Kind: "door", Name: name}, Owner: o, Uses: uses}
	}
	elsewhere, unknown := shop("gone"), shop("gone")
	elsewhere.ClusterID, unknown.Kind = "c2", "Gateway"
	used, unused, shared := pool("used"), pool("unused"), pool("shared")
	state := lb.StateOf(used, unused, shared,
		door("lives", shop("lives"), used.Ref),
		door("gone", shop("gone"), used.Ref, unused.Ref),
		door("other", elsewhere),
		door("unregistered", unknown, shared.Ref),
		door("foreign", cloud.Owner{}))
	alive := &Living{ClusterID: "c1"}
	alive.Add("Shop", []client.Object{object("lives")})
	got := map[string]bool{}
	for _, o := range Everything(state, "c1", alive.Has) {
		got[o.Name] = true
	}
	if len(got) != 2 || !got["gone"] || !got["unused"] {
		t.Errorf("got %v", got)
	}
	for _, o := range lb.Orphans(state, alive.Has) {
		if o.Name != "gone" {
			t.Errorf("%s is an orphan", o.Name)
		}
	}
}
