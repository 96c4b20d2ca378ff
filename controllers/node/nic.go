package node

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// nics remembers interfaces from the bulk listing, each to be used once, so
// that a Node that joins a cluster just restored costs no read of its own.
// One that is out of date costs a read more, never a wrong write.
type nics struct {
	mu         sync.Mutex
	byInstance map[string]cloud.Interface
	// read are interfaces that were just read for Nodes which wait until the
	// cloud is asked for them.
	read map[types.UID]cloud.Interface
}

// keep remembers the interface until the Node's turn comes.
func (n *nics) keep(uid types.UID, i cloud.Interface) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.read == nil {
		n.read = map[types.UID]cloud.Interface{}
	}
	n.read[uid] = i
}

func (n *nics) kept(uid types.UID) (cloud.Interface, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	i, ok := n.read[uid]
	delete(n.read, uid)
	return i, ok
}

func (n *nics) forget(uid types.UID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.read, uid)
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

// nic gives the interface of the Node's instance as the request's prefixes
// come to it; fresh asks for the cloud's present word, which is a few seconds
// old at most. The bulk listing is not of routes.
func (c *Controller) nic(ctx context.Context, vpc cloud.VPC, r *v1alpha1.RangeRequest, node *corev1.Node, fresh bool) (cloud.Interface, error) {
	if i, ok := c.nics.kept(node.UID); ok {
		return i, nil
	}
	if i, ok := c.nics.take(node.Spec.ProviderID); ok && !fresh && !isRouted(r) {
		return i, nil
	}
	return vpc.Interfaces.Get(ctx, node.Spec.ProviderID)
}
