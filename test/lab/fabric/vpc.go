package fabric

import (
	"net/netip"

	"github.com/vpcnative/vpcnative/test/lab/balance"
)

// VPC is what the cloud says of a network, in one form for both clouds. Equal
// worlds are equal values: every list has an order.
type VPC struct {
	// Space is what lies inside: subnets and their ranges, or the VPC's blocks.
	Space     []netip.Prefix
	Machines  []Machine
	Tables    []Table
	Rules     []Rule
	Balancers []balance.Balancer
}

// Machine is an instance that runs.
type Machine struct {
	Name    string // on EC2 its ID
	Zone    string
	Primary netip.Addr
	Gateway netip.Addr // of its subnet
	// Prefixes are delegated to it: alias ranges, or prefixes of interfaces.
	Prefixes []netip.Prefix
	// Forwards tells that it may send and receive what is not its own.
	Forwards bool
	Table    string
}

// Table is what a machine's packets follow that leave the space.
type Table struct {
	Name   string
	Routes []Route
}

// Route leads to a machine or to the internet; one that leads nowhere drops.
type Route struct {
	To       netip.Prefix
	Machine  string
	Internet bool
}

// Rule is a firewall rule or a rule of a security group. The first that
// matches decides; what none matches is dropped.
type Rule struct {
	Name                  string
	Deny                  bool
	Targets               []string // machines
	Sources, Destinations []netip.Prefix
	// Via are balancers whose connections match whoever the client is: their
	// security group is the source.
	Via []string
	// Traffic that matches; nil is all.
	Traffic []Traffic
}

// Traffic is a protocol, and ports of it where there are any.
type Traffic struct {
	Protocol string
	Ports    []balance.Ports
}

func (v VPC) machine(name string) (Machine, bool) {
	for _, m := range v.Machines {
		if m.Name == name {
			return m, true
		}
	}
	return Machine{}, false
}
