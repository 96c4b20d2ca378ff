package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

// node is as a kubelet and a cloud controller leave it, 2 to 3 KB, since what
// an allocator reads and keeps of it is part of its cost.
func node(name string, i int) *corev1.Node {
	now := metav1.NewTime(time.Now().Truncate(time.Second))
	address := fmt.Sprintf("172.16.%d.%d", i>>8&255, i&255)
	amounts := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("8"),
		corev1.ResourceMemory:           resource.MustParse("32880520Ki"),
		corev1.ResourceEphemeralStorage: resource.MustParse("98831908Ki"),
		corev1.ResourcePods:             resource.MustParse("110"),
		"hugepages-1Gi":                 resource.MustParse("0"),
		"hugepages-2Mi":                 resource.MustParse("0"),
	}
	condition := func(kind corev1.NodeConditionType, status corev1.ConditionStatus, reason, message string) corev1.NodeCondition {
		return corev1.NodeCondition{Type: kind, Status: status, Reason: reason, Message: message, LastHeartbeatTime: now, LastTransitionTime: now}
	}
	image := func(name string, size int64) corev1.ContainerImage {
		return corev1.ContainerImage{SizeBytes: size, Names: []string{
			"registry.example.com/" + name + "@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
			"registry.example.com/" + name + ":v1.36.3",
		}}
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
			Labels: map[string]string{
				"beta.kubernetes.io/arch":           "amd64",
				"beta.kubernetes.io/os":             "linux",
				"beta.kubernetes.io/instance-type":  "n2-standard-8",
				"kubernetes.io/arch":                "amd64",
				"kubernetes.io/os":                  "linux",
				"kubernetes.io/hostname":            name,
				"node.kubernetes.io/instance-type":  "n2-standard-8",
				"topology.kubernetes.io/region":     region,
				"topology.kubernetes.io/zone":       zone,
				"topology.gke.io/zone":              zone,
				"node.example.com/pool":             "pool-" + strconv.Itoa(i%4),
				"node.example.com/image-generation": "2026-11",
			},
			Annotations: map[string]string{
				"alpha.kubernetes.io/provided-node-ip":                   address,
				"csi.volume.kubernetes.io/nodeid":                        `{"pd.csi.storage.gke.io":"projects/` + project + `/zones/` + zone + `/instances/` + name + `"}`,
				"volumes.kubernetes.io/controller-managed-attach-detach": "true",
			},
		},
		Spec: corev1.NodeSpec{ProviderID: "gce://" + project + "/" + zone + "/" + name},
		Status: corev1.NodeStatus{
			Capacity:    amounts,
			Allocatable: amounts,
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: address},
				{Type: corev1.NodeHostName, Address: name},
			},
			Conditions: []corev1.NodeCondition{
				condition(corev1.NodeMemoryPressure, corev1.ConditionFalse, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
				condition(corev1.NodeDiskPressure, corev1.ConditionFalse, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
				condition(corev1.NodePIDPressure, corev1.ConditionFalse, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
				condition(corev1.NodeReady, corev1.ConditionFalse, "KubeletNotReady", "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady"),
			},
			NodeInfo: corev1.NodeSystemInfo{
				MachineID: "e1f5c0b3a7d94a6e8b2f4c6d8e0a1b3c", SystemUUID: "e1f5c0b3-a7d9-4a6e-8b2f-4c6d8e0a1b3c",
				BootID: "5f0f8e0c-7a55-4d3c-9f0e-1b2a3c4d5e6f", KernelVersion: "6.12.55", OSImage: "Container-Optimized OS",
				ContainerRuntimeVersion: "containerd://2.1.4", KubeletVersion: "v1.36.3", OperatingSystem: "linux", Architecture: "amd64",
			},
			Images: []corev1.ContainerImage{
				image("cilium/cilium", 238_000_000), image("kube-proxy", 31_000_000), image("pause", 320_000),
			},
		},
	}
}

// holdUp has a Node say what the node controller of Compute Engine's cloud
// provider has it say: nothing is scheduled to it until that is taken back.
func holdUp(n *corev1.Node) {
	n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{
		Type: corev1.NodeNetworkUnavailable, Status: corev1.ConditionTrue, Reason: "NoRouteCreated",
		Message: "Node created without a route", LastTransitionTime: metav1.Now(),
	})
}

func nodeName(prefix string, i int) string { return fmt.Sprintf("%s-%05d", prefix, i) }

func (b *bench) createNodes(ctx context.Context, prefix string, n int) ([]string, error) {
	names := make([]string, n)
	err := parallel(ctx, n, 32, func(ctx context.Context, i int) error {
		names[i] = nodeName(prefix, i)
		return b.createNode(ctx, names[i], i)
	})
	return names, err
}

// createNode makes an instance and its Node.
func (b *bench) createNode(ctx context.Context, name string, i int) error {
	if err := b.cloud.addInstance(name); err != nil {
		return err
	}
	n := node(name, i)
	if b.held {
		holdUp(n)
	}
	if _, err := b.client.CoreV1().Nodes().Create(ctx, n, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("creating Node %s: %w", name, err)
	}
	return nil
}

// deleteNodes removes every Node, every instance and what a manager that ended
// remembers of them, so that each row begins with an empty cluster: what is
// remembered would be given back beside the work that is measured. One request
// may run into the server's time limit with work left to do.
func (b *bench) deleteNodes(ctx context.Context) error {
	nodes := b.client.CoreV1().Nodes()
	var last error
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 3*time.Minute, true, func(ctx context.Context) (bool, error) {
		if last = nodes.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}); last != nil {
			return false, nil
		}
		left, err := nodes.List(ctx, metav1.ListOptions{Limit: 1})
		last = err
		return err == nil && len(left.Items) == 0, nil
	})
	if err != nil {
		return fmt.Errorf("removing the Nodes of the last row: %w (the server said last: %v)", err, last)
	}
	return errors.Join(b.cloud.deleteInstances(), b.deleteLedger(ctx))
}

// deleteLedger removes the claims ledger and its records.
func (b *bench) deleteLedger(ctx context.Context) error {
	const ledger = "vpcnative-claims"
	maps := b.client.CoreV1().ConfigMaps(metav1.NamespaceSystem)
	err := maps.Delete(ctx, ledger, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("removing the claims ledger: %w", err)
	}
	err = maps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "vpcnative.dev/holdings=" + ledger})
	if err != nil {
		return fmt.Errorf("removing the records of the claims ledger: %w", err)
	}
	return nil
}
