package loadbalancer

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	apifake "sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/fake"
)

// apart is a cloud where each balancer has pools of its own.
type apart struct{ *fake.Cloud }

func (apart) Rules() lb.Rules { return lb.Rules{OwnPools: true} }

// TestWhatServesTakesNodesBeforeItsOwnersTurn: a manager that starts knows the
// nodes of a balancer by its owner, though that waits in its queue.
func TestWhatServesTakesNodesBeforeItsOwnersTurn(t *testing.T) {
	t.Parallel()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	api := apifake.NewClientBuilder().WithScheme(scheme).WithObjects(&v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: "default"}}).Build()
	e := New(Config{ClusterID: "c1", Client: api, Nodes: func() []*corev1.Node { return nil }})
	e.Register(shops{[]client.Object{object("serves"), object("new")}})
	k := newView("default", "c1", "aws", apart{fake.New()}, newStore("", 0, time.Now), nil)
	e.byNetwork["default"] = k
	k.state = lb.StateOf(lb.Resource{Ref: lb.Ref{Kind: "pool", Name: "p"}, Owner: shop("serves")})
	if err := e.learnUses(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	takes := e.nodeSet(k, SelectionOf(nil)).Takes
	if _, known := takes[shop("serves")]; !known || len(takes) != 1 {
		t.Errorf("it is known of %v which nodes they take", takes)
	}
	if k.use(shop("serves"), []use{{SelectionOf(nil), 0}}) {
		t.Error("its turn is news")
	}
}
