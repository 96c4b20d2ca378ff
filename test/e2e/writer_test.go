package e2e

import (
	"context"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/vpcnative/vpcnative/controllers/node/nodestatus"
)

// TestTheAPIServerGuardsTheWritesOfANode: I2 rests on these refusals.
func TestTheAPIServerGuardsTheWritesOfANode(t *testing.T) {
	t.Parallel()
	world, err := borrow()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := world.clean(context.Background()); err != nil {
			t.Error(err)
		}
		free <- world
	}()
	client := kubernetes.NewForConfigOrDie(world.Server.Config)
	w := nodestatus.NewWriter(client.CoreV1().RESTClient())
	ctx := context.Background()
	first, second := netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("10.0.1.0/24")
	cond := corev1.NodeCondition{Type: corev1.NodeNetworkUnavailable, Status: corev1.ConditionFalse, Reason: "R", Message: "m"}
	made, err := client.CoreV1().Nodes().Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name    string
		write   func() error
		refused bool
		want    string // the Node's podCIDR afterwards
	}{
		{"podCIDRs of a Node of another UID", func() error { return w.Publish(ctx, "n", "another", first) }, true, ""},
		{"a condition of a Node of another UID", func() error { return w.SetCondition(ctx, "n", "another", cond) }, true, ""},
		{"podCIDRs", func() error { return w.Publish(ctx, "n", made.UID, first) }, false, first.String()},
		{"the same podCIDRs again", func() error { return w.Publish(ctx, "n", made.UID, first) }, false, first.String()},
		{"other podCIDRs over them", func() error { return w.Publish(ctx, "n", made.UID, second) }, true, first.String()},
		{"a condition", func() error { return w.SetCondition(ctx, "n", made.UID, cond) }, false, first.String()},
		{"a Node that is not there", func() error { return w.Publish(ctx, "m", made.UID, first) }, true, first.String()},
	} {
		if err := step.write(); (err != nil) != step.refused {
			t.Errorf("%s: got %v", step.name, err)
		}
		got, err := client.CoreV1().Nodes().Get(ctx, "n", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got.Spec.PodCIDR != step.want || len(got.Spec.PodCIDRs) > 1 {
			t.Errorf("%s: the Node publishes %v", step.name, got.Spec.PodCIDRs)
		}
	}
}
