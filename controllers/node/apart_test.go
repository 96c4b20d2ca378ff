package node

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/informer"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// A VPC that cannot be read, whose pools are open, holds up no restore of
// another: a range that the other was granted is given out of. A further range
// of its own is not opened (I8), nor is one of a Network in the same VPC.
func TestAVPCThatCannotBeReadHoldsUpNoOther(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		other := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: "other", UID: "o"}}
		other.Spec.Purpose, other.Spec.NetworkName = v1alpha1.Pods, "other"
		other.Spec.NodePrefixLength = w.requests[0].Spec.NodePrefixLength
		other.Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{"in": "other"}}
		other.Status.Ranges = []v1alpha1.GrantedRange{{CIDR: "10.1.0.0/24", Subnet: "elsewhere", Name: "vn-other"}}
		beside := *other.DeepCopy()
		beside.Name, beside.UID, beside.Spec.NetworkName = "beside", "b", "beside"
		beside.Status.Ranges[0] = v1alpha1.GrantedRange{CIDR: "10.2.0.0/24", Subnet: "elsewhere", Name: "vn-beside"}
		w.mu.Lock()
		w.others = map[string]error{"other": nil}
		w.places = map[string]cloud.Place{"other": {VPC: "x"}, "beside": {VPC: "x"}}
		w.requests[0].Status.Ranges[0].CIDR = "10.0.0.0/28"
		w.requests = append(w.requests, other)
		w.mu.Unlock()
		m.c.again <- struct{}{}
		time.Sleep(time.Second)
		if !m.c.allocator.Has(allocator.Key{Request: "other", Subnet: "elsewhere"}) {
			t.Fatal("the other VPC's pool is not open")
		}
		w.addNode("a")
		time.Sleep(time.Minute)
		w.addNode("b")
		time.Sleep(time.Minute)
		w.mu.Lock()
		w.others["other"], w.others["beside"] = fault(cloud.Unavailable), nil
		pods := &w.requests[0].Status
		pods.Ranges = append(pods.Ranges, v1alpha1.GrantedRange{CIDR: "10.0.1.0/24", Subnet: "nodes", Name: "vn-pods-1"})
		far := &w.requests[1].Status
		far.Ranges = append(far.Ranges, v1alpha1.GrantedRange{CIDR: "10.1.1.0/24", Subnet: "elsewhere", Name: "vn-other-1"})
		w.requests = append(w.requests, beside)
		w.mu.Unlock()
		m.c.again <- struct{}{}
		time.Sleep(10 * time.Second)
		if w.published("b") == "" {
			t.Errorf("b waits for %q: another VPC's trouble", w.reason("b"))
		}
		if got := m.c.allocator.Ranges(allocator.Key{Request: "other", Subnet: "elsewhere"}); len(got) != 1 || got[0].Name != "vn-other" {
			t.Errorf("of the VPC that cannot be read, %v is open", got)
		}
		if m.c.allocator.Has(allocator.Key{Request: "beside", Subnet: "elsewhere"}) {
			t.Error("a pool is open in a VPC that was read in part only")
		}
	})
}

// A machine that took the name of another carries nothing: its Node says so by
// its system's UUID, and is looked at at once.
func TestAReplacedVMIsLookedAtAtOnce(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		n := w.addNode("a")
		w.mu.Lock()
		n.Status.NodeInfo = corev1.NodeSystemInfo{SystemUUID: "one", BootID: "1"}
		w.changed("a")
		w.mu.Unlock()
		time.Sleep(time.Minute)
		if len(w.carries("a")) == 0 {
			t.Fatal("the first machine carries nothing")
		}
		w.mu.Lock()
		before, _ := informer.TrimNode(n.DeepCopy())
		w.recreateVM("a")
		n.Status.NodeInfo = corev1.NodeSystemInfo{SystemUUID: "two", BootID: "1"}
		after, _ := informer.TrimNode(n.DeepCopy())
		w.changed("a")
		w.mu.Unlock()
		if !m.c.hears(event.UpdateEvent{ObjectOld: before.(*corev1.Node), ObjectNew: after.(*corev1.Node)}) {
			t.Error("it is no news")
		}
		time.Sleep(20 * time.Second)
		if len(w.carries("a")) == 0 {
			t.Error("the machine that replaced it carries nothing yet")
		}
	})
}
