package lb

import (
	"net/netip"

	"github.com/vpcnative/vpcnative/cloud"
)

// Endpoints are the pods behind one port of a Service. Which groups hold them is
// the cloud's way ([Balancers.EndpointGroups]): one in each zone, or one in all.
type Endpoints struct {
	// Owner is the object that has the groups made.
	Owner    cloud.Owner
	Protocol Protocol
	Family   Family
	// Check is how targets are checked, where the group says so; nil is the
	// adapter's own.
	Check *HealthCheck
	// Nodes are all machines that may get such pods: their zones have groups
	// before the pods come.
	Nodes []Node
	List  []Endpoint
}

// KindEndpointGroup is the kind of the owners of endpoint groups.
const KindEndpointGroup = "EndpointGroup"

// Endpoint is one address and port of a pod, and the machine that it is on.
type Endpoint struct {
	netip.AddrPort
	Node Node
}
