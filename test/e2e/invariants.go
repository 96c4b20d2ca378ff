package e2e

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/test/invariants"
)

// CheckSettled is nil when every Node has its range, published and on its
// instance, and no two overlap (I1, I2).
func (w *World) CheckSettled() error {
	var nodes corev1.NodeList
	if err := w.API.List(context.Background(), &nodes); err != nil {
		return err
	}
	instances := w.Sim.Instances()
	return errors.Join(invariants.Unique(nodes.Items, instances), invariants.Published(nodes.Items, instances))
}
