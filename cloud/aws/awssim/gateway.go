package awssim

import "strings"

// internetGateways are the IDs of internet gateways, by the VPC that each is
// attached to.
type internetGateways map[string]string

const gatewayPrefix = "igw-"

// AddInternetGateway attaches an internet gateway to the VPC and gives its ID.
// Nothing leads to it yet.
func (s *Sim) AddInternetGateway(vpcID string) (id string, err error) {
	s.locked(func() {
		switch {
		case s.vpcs.items[vpcID] == nil:
			err = vpcIDs.notFound(vpcID)
		case s.gateways[vpcID] != "":
			err = refuse("Resource.AlreadyAssociated", "resource %s is already attached to network %s", s.gateways[vpcID], vpcID)
		default:
			id = s.id(idKind{prefix: gatewayPrefix})
			s.gateways[vpcID] = id
		}
	})
	return id, err
}

// mayLead refuses a route to an internet gateway that is not the VPC's.
func (s *Sim) mayLead(vpcID, gateway string) *APIError {
	if !strings.HasPrefix(gateway, gatewayPrefix) || s.gateways[vpcID] == gateway {
		return nil
	}
	for _, id := range s.gateways {
		if id == gateway {
			return invalidValue("route table and network gateway %s belong to different networks", gateway)
		}
	}
	return refuse("InvalidGatewayID.NotFound", "The gateway ID '%s' does not exist", gateway)
}
