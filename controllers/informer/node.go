package informer

import (
	"fmt"
	"hash/fnv"
	"io"
	"reflect"
	"strings"
	"sync"
	"unique"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// TaintToBeDeleted is on a Node that the cluster autoscaler is about to remove.
const TaintToBeDeleted = "ToBeDeletedByClusterAutoscaler"

// TrimNode is the cache's transform of a Node: it keeps what the controllers
// read and nothing else, so that ten thousand Nodes take little memory. Labels
// are shared between Nodes: assign.LabelsOf reads them.
func TrimNode(o any) (any, error) {
	n, ok := o.(*corev1.Node)
	if !ok {
		return o, fmt.Errorf("trimming a Node: it is a %T", o)
	}
	return trimmed(n), nil
}

// TrimNodeForBalancers also keeps what load balancers read.
func TrimNodeForBalancers(o any) (any, error) {
	n, ok := o.(*corev1.Node)
	if !ok {
		return o, fmt.Errorf("trimming a Node: it is a %T", o)
	}
	slim := trimmed(n)
	for _, a := range n.Status.Addresses {
		if a.Type == corev1.NodeInternalIP {
			slim.Status.Addresses = append(slim.Status.Addresses, a)
		}
	}
	for _, t := range n.Spec.Taints {
		if t.Key == TaintToBeDeleted {
			slim.Spec.Taints = append(slim.Spec.Taints, corev1.Taint{Key: TaintToBeDeleted, Effect: t.Effect})
		}
	}
	return slim, nil
}

func trimmed(n *corev1.Node) *corev1.Node {
	slim := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: n.Name, UID: n.UID, ResourceVersion: n.ResourceVersion,
		CreationTimestamp: n.CreationTimestamp, DeletionTimestamp: n.DeletionTimestamp,
		Labels: kinds.shared(n),
	}}
	slim.Spec.ProviderID = ProviderID(n)
	slim.Spec.PodCIDR = n.Spec.PodCIDR
	if len(n.Spec.PodCIDRs) > 0 {
		slim.Spec.PodCIDRs = append(make([]string, 0, len(n.Spec.PodCIDRs)), n.Spec.PodCIDRs...)
		if slim.Spec.PodCIDR == slim.Spec.PodCIDRs[0] {
			slim.Spec.PodCIDR = slim.Spec.PodCIDRs[0] // one copy of the text
		}
	}
	slim.Status.NodeInfo.SystemUUID = machineOf(n.Status.NodeInfo)
	if pods, ok := n.Status.Capacity[corev1.ResourcePods]; ok {
		slim.Status.Capacity = capacityOf(pods)
	}
	for _, c := range n.Status.Conditions {
		if keepsCondition(c.Type) {
			slim.Status.Conditions = append(slim.Status.Conditions, corev1.NodeCondition{
				Type: corev1.NodeConditionType(word(string(c.Type))), Status: corev1.ConditionStatus(word(string(c.Status))),
				Reason: word(c.Reason), Message: word(c.Message),
			})
		}
	}
	return slim
}

// keepsCondition is true for NetworkUnavailable and for the conditions that are
// ours.
func keepsCondition(kind corev1.NodeConditionType) bool {
	return kind == corev1.NodeNetworkUnavailable || strings.HasPrefix(string(kind), v1alpha1.GroupVersion.Group+"/")
}

// ProviderID is the Node's, with the zone, however it was written, so that an
// instance has one name everywhere.
func ProviderID(n *corev1.Node) string {
	return cloud.ProviderID(n.Spec.ProviderID, n.Labels[corev1.LabelTopologyZone])
}

// machineOf is a short hash of the machine that the Node runs on and of its
// boot. It is empty until the kubelet reports them.
func machineOf(info corev1.NodeSystemInfo) string {
	if info.SystemUUID == "" && info.BootID == "" {
		return ""
	}
	h := fnv.New64a()
	_, _ = io.WriteString(h, info.SystemUUID+" "+info.BootID)
	return string(h.Sum(nil))
}

// MachineReplaced reports whether the Node's machine was replaced, or booted
// again, between two trimmed copies of the Node.
func MachineReplaced(old, now *corev1.Node) bool {
	was, is := old.Status.NodeInfo.SystemUUID, now.Status.NodeInfo.SystemUUID
	return old.UID == now.UID && was != "" && is != "" && was != is
}

// NodeChanged reports whether an update changed anything that is kept. A
// kubelet's heartbeat does not.
func NodeChanged(e event.UpdateEvent) bool {
	old, ok := e.ObjectOld.(*corev1.Node)
	now, alsoOK := e.ObjectNew.(*corev1.Node)
	if !ok || !alsoOK {
		return true
	}
	a, b := *old, *now
	a.ResourceVersion = b.ResourceVersion
	return !reflect.DeepEqual(&a, &b)
}

// capacities holds one map for each number of pods that Nodes have room for,
// since even a map of one entry takes half a kilobyte. What the cache holds is
// never changed: readers get a copy.
var capacities sync.Map // int64 -> corev1.ResourceList

func capacityOf(pods resource.Quantity) corev1.ResourceList {
	n, exact := pods.AsInt64()
	if !exact {
		return corev1.ResourceList{corev1.ResourcePods: pods}
	}
	if had, ok := capacities.Load(n); ok {
		return had.(corev1.ResourceList)
	}
	had, _ := capacities.LoadOrStore(n, corev1.ResourceList{corev1.ResourcePods: *resource.NewQuantity(n, resource.DecimalSI)})
	return had.(corev1.ResourceList)
}

// word returns the one copy of a string that many Nodes carry.
func word(s string) string { return unique.Make(s).Value() }
