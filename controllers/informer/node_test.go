package informer

import (
	"reflect"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/vpcnative/vpcnative/controllers/assign"
)

func TestTrimNodeKeepsTheCapacityOfPods(t *testing.T) {
	for _, text := range []string{"110", "32", "1k", "0"} {
		n := &corev1.Node{}
		n.Status.Capacity = corev1.ResourceList{corev1.ResourcePods: resource.MustParse(text), corev1.ResourceCPU: resource.MustParse("8")}
		var slims [2]*corev1.Node
		for i := range slims {
			got, err := TrimNode(n)
			if err != nil {
				t.Fatal(err)
			}
			slims[i] = got.(*corev1.Node)
			if got := slims[i].Status.Capacity; got.Pods().Cmp(resource.MustParse(text)) != 0 || len(got) != 1 {
				t.Errorf("%s pods became %v", text, got)
			}
		}
		// What a reader is given may be changed; the next one is not to see it.
		read := slims[0].DeepCopy()
		read.Status.Capacity[corev1.ResourcePods] = resource.MustParse("7")
		if got := slims[1].Status.Capacity; got.Pods().Cmp(resource.MustParse(text)) != 0 {
			t.Errorf("a reader's change reached another Node: %v", got)
		}
	}
}

func TestAHeartbeatIsNoNews(t *testing.T) {
	slim := func(change func(*corev1.Node)) client.Object {
		n := &corev1.Node{}
		n.Name, n.ResourceVersion, n.Labels = "a", "1", map[string]string{"k": "v"}
		n.Status.Capacity = corev1.ResourceList{corev1.ResourcePods: resource.MustParse("110")}
		n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady}, {Type: corev1.NodeNetworkUnavailable, Status: corev1.ConditionTrue}}
		change(n)
		got, err := TrimNode(n)
		if err != nil {
			t.Fatal(err)
		}
		return got.(client.Object)
	}
	for what, c := range map[string]struct {
		change func(*corev1.Node)
		news   bool
	}{
		"a heartbeat": {func(n *corev1.Node) {
			n.ResourceVersion = "2"
			n.Status.Conditions[0].LastHeartbeatTime = metav1.Now()
			n.Status.Conditions[1].LastHeartbeatTime = metav1.Now()
		}, false},
		"images":       {func(n *corev1.Node) { n.Status.Images = []corev1.ContainerImage{{}} }, false},
		"the cloud":    {func(n *corev1.Node) { n.Spec.ProviderID = "gce://p/z/a" }, true},
		"podCIDRs":     {func(n *corev1.Node) { n.Spec.PodCIDRs = []string{"10.0.0.0/24"} }, true},
		"a label":      {func(n *corev1.Node) { n.Labels["k"] = "w" }, true},
		"room":         {func(n *corev1.Node) { n.Status.Capacity[corev1.ResourcePods] = resource.MustParse("111") }, true},
		"a condition":  {func(n *corev1.Node) { n.Status.Conditions[1].Status = corev1.ConditionFalse }, true},
		"the end":      {func(n *corev1.Node) { now := metav1.Now(); n.DeletionTimestamp = &now }, true},
		"another Node": {func(n *corev1.Node) { n.UID = "2" }, true},
	} {
		got := NodeChanged(event.UpdateEvent{ObjectOld: slim(func(*corev1.Node) {}), ObjectNew: slim(c.change)})
		if got != c.news {
			t.Errorf("%s: news is %v", what, got)
		}
	}
}

// TestTrimNodeNamesAnInstanceWithItsZone, however its provider ID was written.
func TestTrimNodeNamesAnInstanceWithItsZone(t *testing.T) {
	n := &corev1.Node{}
	n.Spec.ProviderID = "aws:////i-0123456789abcdef0"
	for zone, want := range map[string]string{"": n.Spec.ProviderID, "eu-west-1a": "aws:///eu-west-1a/i-0123456789abcdef0"} {
		n.Labels = map[string]string{corev1.LabelTopologyZone: zone}
		got, err := TrimNode(n)
		if err != nil || got.(*corev1.Node).Spec.ProviderID != want {
			t.Errorf("in zone %q it is %v (%v), want %s", zone, got, err, want)
		}
	}
}

func BenchmarkTrimNode(b *testing.B) {
	n := &corev1.Node{}
	n.Name, n.UID = "node-1", "0b7d6a30-0d5c-4bb6-9f9c-3a1f0f6d8f5e"
	n.Labels = map[string]string{"kubernetes.io/os": "linux", "kubernetes.io/hostname": "node-1"}
	n.Spec.PodCIDR, n.Spec.PodCIDRs = "10.0.0.0/24", []string{"10.0.0.0/24"}
	n.Status.Capacity = corev1.ResourceList{corev1.ResourcePods: resource.MustParse("110")}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := TrimNode(n); err != nil {
			b.Fatal(err)
		}
	}
}

func TestNodesOfOneKindShareTheirLabels(t *testing.T) {
	slim := func(name string, more ...string) *corev1.Node {
		n := &corev1.Node{}
		n.Name, n.Labels = name, map[string]string{corev1.LabelHostname: name, "pool": "p"}
		for i := 0; i < len(more); i += 2 {
			n.Labels[more[i]] = more[i+1]
		}
		whole := labels.Set(n.Labels).String()
		got, err := TrimNode(n)
		if err != nil {
			t.Fatal(err)
		}
		if labels.Set(n.Labels).String() != whole {
			t.Errorf("the Node that was given has other labels now: %v", n.Labels)
		}
		return got.(*corev1.Node)
	}
	same := func(a, b *corev1.Node) bool {
		return reflect.ValueOf(a.Labels).Pointer() == reflect.ValueOf(b.Labels).Pointer()
	}
	a := slim("a")
	if b := slim("b"); !same(a, b) {
		t.Error("two Nodes of one kind have labels of their own")
	}
	for what, other := range map[string]*corev1.Node{
		"another pool":     slim("c", "pool", "q"),
		"a label more":     slim("c", "x", ""),
		"another hostname": slim("c", corev1.LabelHostname, "c.example.com"),
		"no hostname":      slim("c", corev1.LabelHostname, ""),
	} {
		if same(a, other) {
			t.Errorf("%s: the labels are shared", what)
		}
	}
	for i := range 3 * maxKinds {
		if got := assign.LabelsOf(slim("d", "id", strconv.Itoa(i))).Get("id"); got != strconv.Itoa(i) {
			t.Fatalf("label %d is %q", i, got)
		}
	}
	if n := len(kinds.byHash); n > maxKinds {
		t.Errorf("%d kinds are remembered", n)
	}
	if got := assign.LabelsOf(slim("e")).Get(corev1.LabelHostname); got != "e" {
		t.Errorf("the hostname of e is %q", got)
	}
}
