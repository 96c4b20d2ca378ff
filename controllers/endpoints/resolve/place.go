package resolve

import (
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Pods knows which namespaces have a pod with an address.
type Pods interface {
	// Namespaces are those with a pod that has the address and has not ended.
	Namespaces(netip.Addr) []string
}

// Placed is an endpoint on its machine.
type Placed struct {
	netip.AddrPort
	Node *corev1.Node
}

// Left is an endpoint that no group can hold, and why.
type Left struct {
	netip.AddrPort
	Why string
}

func (l Left) String() string { return l.AddrPort.String() + ": " + l.Why }

// Placement is where the endpoints of one group go.
type Placement struct {
	Placed []Placed
	Left   []Left
}

// Place finds the machine of each endpoint that groups are to hold. An address
// is the namespace's only if one of its pods has it, whatever a slice says:
// whoever may write slices could otherwise have a load balancer send to the pods
// of others (CVE-2021-25740).
func Place(list []Endpoint, namespace string, machines Machines, pods Pods) (out Placement) {
	for _, e := range list {
		if !e.Wanted() {
			continue
		}
		node, why := machines.Of(e.Addr()), ""
		switch has := pods.Namespaces(e.Addr()); {
		case node == nil:
			why = "no Node has the address in its podCIDRs"
		case len(has) == 0:
			why = "no pod has the address"
		case !slices.Contains(has, namespace):
			why = fmt.Sprintf("the address is of a pod in namespace %s", has[0])
		case node.Spec.ProviderID == "":
			why = fmt.Sprintf("Node %s has no providerID yet", node.Name)
		}
		if why != "" {
			out.Left = append(out.Left, Left{e.AddrPort, why})
			continue
		}
		out.Placed = append(out.Placed, Placed{e.AddrPort, node})
	}
	return out
}
