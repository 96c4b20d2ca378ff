package e2e

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/test/invariants"
)

// CheckSettled is nil when every Node of every cluster has its range,
// published and on its instance, and no two overlap (I1, I2).
func (w *World) CheckSettled() error {
	clusters := []*World{w}
	if w.vpc != nil {
		clusters = w.vpc.all
	}
	var nodes []corev1.Node
	for _, c := range clusters {
		var list corev1.NodeList
		if err := c.API.List(context.Background(), &list); err != nil {
			return err
		}
		nodes = append(nodes, list.Items...)
	}
	machines := w.Cloud.Machines()
	return errors.Join(invariants.Unique(nodes, machines), invariants.Published(nodes, machines))
}
