package node

import (
	"fmt"
	"hash/fnv"
	"io"
	"reflect"
	"sync"
	"unique"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/vpcnative/vpcnative/cloud"
)

// Slim is the cache's transform of a Node: it keeps what the controllers
// read and nothing else, so that ten thousand Nodes take little memory. Labels
// are shared between Nodes: assign.LabelsOf reads them.
func Slim(o any) (any, error) {
	n, ok := o.(*corev1.Node)
	if !ok {
		return o, fmt.Errorf("the transform of Nodes was given a %T", o)
	}
	slim := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: n.Name, UID: n.UID, ResourceVersion: n.ResourceVersion,
		CreationTimestamp: n.CreationTimestamp, DeletionTimestamp: n.DeletionTimestamp,
		Labels: kinds.shared(n),
	}}

	slim.Spec.ProviderID = providerID(n)
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
		if c.Type == corev1.NodeNetworkUnavailable || c.Type == ConditionForeign {
			slim.Status.Conditions = append(slim.Status.Conditions, corev1.NodeCondition{
				Type: corev1.NodeConditionType(word(string(c.Type))), Status: corev1.ConditionStatus(word(string(c.Status))),
				Reason: word(c.Reason), Message: word(c.Message),
			})
		}
	}
	return slim, nil
}

// providerID is the Node's, with the zone, however it was written. All Nodes come
// in here or by readNodes, so that an instance has one name everywhere.
func providerID(n *corev1.Node) string {
	return cloud.ProviderID(n.Spec.ProviderID, n.Labels[corev1.LabelTopologyZone])
}

// machineOf is a short hash of the machine that the Node runs on and of its
// boot. It is empty until the kubelet tells of them.
func machineOf(info corev1.NodeSystemInfo) string {
	if info.SystemUUID == "" && info.BootID == "" {
		return ""
	}
	h := fnv.New64a()
	_, _ = io.WriteString(h, info.SystemUUID+" "+info.BootID)
	return string(h.Sum(nil))
}

// replaced tells that the Node's machine was replaced, or booted again.
func replaced(old, now *corev1.Node) bool {
	was, is := old.Status.NodeInfo.SystemUUID, now.Status.NodeInfo.SystemUUID
	return old.UID == now.UID && was != "" && is != "" && was != is
}

// hasNews tells whether an update changed anything that is kept. A kubelet's
// heartbeat does not.
func hasNews(e event.UpdateEvent) bool {
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
// never changed: who reads it is given a copy.
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

// word gives the one copy of a string that many Nodes carry.
func word(s string) string { return unique.Make(s).Value() }
