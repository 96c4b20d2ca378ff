package awssim

import "slices"

// limits are what a type of instance takes: interfaces, and addresses on each.
// Every IPv4 prefix takes the place of one address.
type limits struct {
	interfaces, addresses int
	xen                   bool // no Nitro, so no prefixes
	cards                 int  // network cards, where more than one
}

// instanceTypes are real types with their real limits.
// Source: DescribeInstanceTypes, as kept by aws/amazon-vpc-cni-k8s in
// pkg/vpc/vpc_ip_resource_limit.go.
var instanceTypes = map[string]limits{
	"t2.medium":     {interfaces: 3, addresses: 6, xen: true},
	"m4.large":      {interfaces: 2, addresses: 10, xen: true},
	"t3.small":      {interfaces: 3, addresses: 4},
	"t3.medium":     {interfaces: 3, addresses: 6},
	"m7g.medium":    {interfaces: 2, addresses: 4},
	"m5.large":      {interfaces: 3, addresses: 10},
	"c5.large":      {interfaces: 3, addresses: 10},
	"m7g.large":     {interfaces: 3, addresses: 10},
	"m5.xlarge":     {interfaces: 4, addresses: 15},
	"r7i.2xlarge":   {interfaces: 4, addresses: 15},
	"m5.4xlarge":    {interfaces: 8, addresses: 30},
	"m5.8xlarge":    {interfaces: 8, addresses: 30},
	"m5.24xlarge":   {interfaces: 15, addresses: 50},
	"m6i.32xlarge":  {interfaces: 15, addresses: 50},
	"p5.48xlarge":   {interfaces: 64, addresses: 50, cards: 32},
	defaultInstance: {interfaces: 3, addresses: 10},
}

const (
	defaultInstance = "m6i.large"
	// mostAddresses is what an interface may hold that is in no instance.
	mostAddresses = 50
)

type instanceTypeInfo struct {
	InstanceType string      `xml:"instanceType"`
	Hypervisor   string      `xml:"hypervisor"`
	Network      networkInfo `xml:"networkInfo"`
}

type networkInfo struct {
	MaximumNetworkInterfaces  int  `xml:"maximumNetworkInterfaces"`
	MaximumNetworkCards       int  `xml:"maximumNetworkCards"`
	Ipv4AddressesPerInterface int  `xml:"ipv4AddressesPerInterface"`
	Ipv6AddressesPerInterface int  `xml:"ipv6AddressesPerInterface"`
	Ipv6Supported             bool `xml:"ipv6Supported"`
}

func (i instanceTypeInfo) key() string { return i.InstanceType }

type describeInstanceTypesReply struct {
	RequestID string             `xml:"requestId"`
	Types     []instanceTypeInfo `xml:"instanceTypeSet>item"`
	NextToken string             `xml:"nextToken,omitempty"`
}

func describeInstanceTypes(_ *Sim, c *call) (any, *APIError) {
	names := c.list("InstanceType")
	for _, name := range names {
		if _, ok := instanceTypes[name]; !ok {
			return nil, refuse("InvalidInstanceType", "The following supplied instance types do not exist: [%s]", name)
		}
	}
	var all []instanceTypeInfo
	for name, l := range instanceTypes {
		if len(names) > 0 && !slices.Contains(names, name) {
			continue
		}
		info := instanceTypeInfo{InstanceType: name, Hypervisor: "nitro", Network: networkInfo{
			MaximumNetworkInterfaces: l.interfaces, MaximumNetworkCards: max(l.cards, 1),
			Ipv4AddressesPerInterface: l.addresses, Ipv6AddressesPerInterface: l.addresses, Ipv6Supported: true,
		}}
		if l.xen {
			info.Hypervisor = "xen"
		}
		all = append(all, info)
	}
	slices.SortFunc(all, func(a, b instanceTypeInfo) int {
		if a.InstanceType < b.InstanceType {
			return -1
		}
		return 1
	})
	page, next, refusal := paged(c, all, 100, 100)
	return describeInstanceTypesReply{RequestID: requestID, Types: page, NextToken: next}, refusal
}
