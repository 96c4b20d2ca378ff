package awssim

type instance struct {
	ID      string
	Type    string
	Subnet  string
	VpcID   string
	Zone    string
	State   instanceState
	Private string
	Tags    tags
}

func (i *instance) key() string  { return i.ID }
func (i *instance) tagged() tags { return i.Tags }

type instanceState struct {
	Code int    `xml:"code"`
	Name string `xml:"name"`
}

var (
	running    = instanceState{16, "running"}
	terminated = instanceState{48, "terminated"}
	stopped    = instanceState{80, "stopped"}
)

// machine is an instance on the wire, with its interfaces.
type machine struct {
	ID         string             `xml:"instanceId"`
	Type       string             `xml:"instanceType"`
	State      instanceState      `xml:"instanceState"`
	Zone       string             `xml:"placement>availabilityZone"`
	SubnetID   string             `xml:"subnetId,omitempty"`
	VpcID      string             `xml:"vpcId,omitempty"`
	PrivateIP  string             `xml:"privateIpAddress,omitempty"`
	Interfaces []machineInterface `xml:"networkInterfaceSet>item"`
	Tags       tags               `xml:"tagSet>item"`
}

type machineInterface struct {
	ID              string              `xml:"networkInterfaceId"`
	SubnetID        string              `xml:"subnetId"`
	VpcID           string              `xml:"vpcId"`
	Status          string              `xml:"status"`
	PrivateIP       string              `xml:"privateIpAddress"`
	Attachment      *instanceAttachment `xml:"attachment"`
	Addresses       []address           `xml:"privateIpAddressesSet>item"`
	Prefixes        []ipv4Prefix        `xml:"ipv4PrefixSet>item"`
	IPv6Addresses   []ipv6Address       `xml:"ipv6AddressesSet>item"`
	IPv6Prefixes    []ipv6Prefix        `xml:"ipv6PrefixSet>item"`
	SourceDestCheck bool                `xml:"sourceDestCheck"`
	Groups          []groupRef          `xml:"groupSet>item"`
}

type launch struct {
	ID        string    `xml:"reservationId"`
	OwnerID   string    `xml:"ownerId"`
	Instances []machine `xml:"instancesSet>item"`
}

type describeInstancesReply struct {
	RequestID string   `xml:"requestId"`
	Launches  []launch `xml:"reservationSet>item"`
	NextToken string   `xml:"nextToken,omitempty"`
}

// describeInstances shows terminated ones too, without interfaces, as EC2 does
// for about an hour.
func describeInstances(s *Sim, c *call) (any, *APIError) {
	page, next, refusal := find(c, see(s, c, s.instances), instanceIDs, func(i *instance, filter string) ([]string, bool) {
		switch filter {
		case "instance-id":
			return []string{i.ID}, true
		case "instance-state-name":
			return []string{i.State.Name}, true
		case "instance-type":
			return []string{i.Type}, true
		case "vpc-id":
			return []string{i.VpcID}, true
		case "subnet-id":
			return []string{i.Subnet}, true
		case "availability-zone":
			return []string{i.Zone}, true
		}
		return nil, false
	})
	if refusal != nil {
		return nil, refusal
	}
	cards := map[string][]*networkInterface{}
	if len(page) > 0 {
		for _, i := range see(s, c, s.interfaces).list() {
			if at := i.instance(); at != "" {
				cards[at] = append(cards[at], i)
			}
		}
	}
	reply := describeInstancesReply{RequestID: requestID, NextToken: next}
	for _, i := range page {
		reply.Launches = append(reply.Launches, launch{"r-" + i.ID[2:], s.config.Account, []machine{i.machine(cards[i.ID])}})
	}
	return reply, nil
}

// machine is the instance on the wire.
func (i *instance) machine(cards []*networkInterface) machine {
	m := machine{ID: i.ID, Type: i.Type, State: i.State, Zone: i.Zone, SubnetID: i.Subnet, VpcID: i.VpcID, PrivateIP: i.Private, Tags: i.Tags}
	for _, n := range cards {
		m.Interfaces = append(m.Interfaces, machineInterface{n.ID, n.SubnetID, n.VpcID, n.Status, n.PrivateIP, n.Attachment.ofInstance(), n.Addresses, n.Prefixes,
			n.IPv6Addresses, n.IPv6Prefixes, n.SourceDestCheck, n.Groups})
	}
	return m
}
