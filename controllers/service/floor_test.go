package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/brake"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
)

func (w *world) ownNetwork(change func(*v1alpha1.Network)) *v1alpha1.Network {
	w.Helper()
	n := &v1alpha1.Network{}
	w.wait(func() error {
		if err := w.api.Get(context.Background(), client.ObjectKey{Name: w.name}, n); err != nil || change == nil {
			return err
		}
		change(n)
		return w.api.Update(context.Background(), n)
	})
	return n
}

// networkSays waits until the Network's condition of members begins so.
func (w *world) networkSays(text string) {
	w.Helper()
	w.wait(func() error {
		c := meta.FindStatusCondition(w.ownNetwork(nil).Status.Conditions, v1alpha1.ConditionMemberRemovalHeld)
		if c == nil || !strings.HasPrefix(string(c.Status)+" "+c.Message, text) {
			return fmt.Errorf("the Network says %+v, want %q", c, text)
		}
		return nil
	})
}

// TestMembersStayWhereManyNodesVanish: the API server forgot them, and their
// machines serve. What the cloud takes out goes, as does what a label excludes;
// the rest waits for a person, also under another manager.
func TestMembersStayWhereManyNodesVanish(t *testing.T) {
	names := []string{"1", "2", "3", "4", "5", "6", "7", "8"}
	w := newWorld(t)
	w.cfg.OrphanGrace = 2 * time.Second
	var nodes []*corev1.Node
	for _, n := range names {
		nodes = append(nodes, w.node(n, "a"))
	}
	w.start()
	w.service("web", nil)
	w.members("a/1 a/2 a/3 a/4 a/5 a/6 a/7 a/8")
	w.stop()
	for _, n := range nodes[:7] {
		w.delete(n)
	}
	w.start()
	w.networkSays("True 7 of 8 Members")
	w.event("MassRemoval: 7 of 8 Members")
	w.members("a/1 a/2 a/3 a/4 a/5 a/6 a/7 a/8")
	w.expect("web", v1alpha1.ReasonEnsured, 1)

	w.node("1", "a")      // its kubelet was restarted
	w.cloud.With(func() { // a machine goes, and the cloud takes it out
		for ref, r := range w.cloud.State {
			if r.Owner == lb.SetOwner(w.name, loadbalancer.AllNodes) && r.Kind == "pool" {
				w.cloud.Held[ref] = slices.DeleteFunc(slices.Clone(w.cloud.Held[ref]), func(m string) bool { return strings.HasSuffix(m, "/2") })
			}
		}
	})
	w.start()
	w.networkSays("True 5 of 7 Members")
	w.members("a/1 a/3 a/4 a/5 a/6 a/7 a/8")
	w.ownNetwork(func(n *v1alpha1.Network) {
		n.Annotations = map[string]string{brake.Annotation("Member"): "5"}
	})
	w.node("9", "a") // so that the pools are looked at
	w.members("a/1 a/8 a/9")
	w.networkSays("False")
	w.wait(func() error {
		if brake.Confirmed("Member", w.ownNetwork(nil).Annotations) != 0 {
			return errors.New("the confirmation stays")
		}
		return nil
	})
}

// TestMembersGoWhereNodesAreExcluded: that is what their labels say, however
// many they are; and so do a few whose Nodes are gone.
func TestMembersGoWhereNodesAreExcluded(t *testing.T) {
	w := newWorld(t)
	var nodes []*corev1.Node
	for n := range 9 {
		nodes = append(nodes, w.node(fmt.Sprint(n), "a"))
	}
	w.start()
	w.service("web", nil)
	w.members("a/0 a/1 a/2 a/3 a/4 a/5 a/6 a/7 a/8")
	w.delete(nodes[8])
	for _, n := range nodes[:7] {
		n.Labels = map[string]string{corev1.LabelNodeExcludeBalancers: "true"}
		if err := w.api.Update(context.Background(), n); err != nil {
			t.Fatal(err)
		}
	}
	w.members("a/7")
}
