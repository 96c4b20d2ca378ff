package aws

import (
	"slices"
	"sync"

	"github.com/vpcnative/vpcnative/cloud"
)

// madeSubnets are the subnets of the cluster's mark, as the VPC was last read:
// nodes live in them as in those that the Config names.
type madeSubnets struct {
	mu  sync.Mutex
	ids []string
}

func (m *madeSubnets) set(ids []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ids = ids
}

func (m *madeSubnets) add(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !slices.Contains(m.ids, id) {
		m.ids = append(slices.Clone(m.ids), id)
	}
}

func (m *madeSubnets) all() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ids
}

// nodeSubnets are the IDs of those that nodes live in.
func (v *vpc) nodeSubnets() []string { return append(slices.Clone(v.Subnets), v.made.all()...) }

func (v *vpc) isNodeSubnet(id string) bool { return slices.Contains(v.nodeSubnets(), id) }

// ours reports whether the subnet was made for the cluster.
func (v *vpc) ours(n subnet) bool {
	return v.ClusterID != "" && !slices.Contains(v.Subnets, n.id) && cloud.ParseMark(n.name).OfCluster(v.ClusterID)
}
