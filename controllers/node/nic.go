package node

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/cloud"
)

// nics remembers interfaces from the bulk listing, each to be used once, so
// that a Node that joins a cluster just restored costs no read of its own.
// One that is out of date costs a read more, never a wrong write.
type nics struct {
	mu         sync.Mutex
	byInstance map[string]cloud.Interface
}

// maxNICs bounds what is remembered.
const maxNICs = 4096

func (n *nics) replace(m map[string]cloud.Interface) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.byInstance = m
}

func (n *nics) take(instance string) (cloud.Interface, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	i, ok := n.byInstance[instance]
	delete(n.byInstance, instance)
	if len(n.byInstance) == 0 {
		n.byInstance = nil // an emptied map keeps the room for all it ever held
	}
	return i, ok
}

// nic gives the interface of the Node's instance; fresh asks for the cloud's
// present word.
func (c *Controller) nic(ctx context.Context, vpc cloud.VPC, node *corev1.Node, fresh bool) (cloud.Interface, error) {
	if i, ok := c.nics.take(node.Spec.ProviderID); ok && !fresh {
		return i, nil
	}
	return vpc.Interfaces.Get(ctx, node.Spec.ProviderID)
}
