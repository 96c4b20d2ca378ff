package fabric

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

// ec2Cloud reads EC2 and its load balancers by their public APIs.
type ec2Cloud struct {
	ec2 *ec2.Client
	elb *elb.Client
	vpc string
}

func newEC2(c Config) *ec2Cloud {
	base := aws.Config{Region: "eu-west-1", BaseEndpoint: &c.Endpoint, Credentials: credentials.NewStaticCredentialsProvider("lab", "lab", "")}
	return &ec2Cloud{ec2.NewFromConfig(base), elb.NewFromConfig(base), c.Network}
}

// ec2World is what was read, before it is made a VPC.
type ec2World struct {
	vpc        types.Vpc
	subnets    []types.Subnet
	interfaces []types.NetworkInterface
	tables     []types.RouteTable
	groups     []types.SecurityGroup
	balancers  []ec2Balancer
}

func (c *ec2Cloud) read(ctx context.Context) (VPC, error) {
	var w ec2World
	in := []types.Filter{{Name: aws.String("vpc-id"), Values: []string{c.vpc}}}
	vpcs, err := c.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{c.vpc}})
	if err != nil {
		return VPC{}, err
	}
	w.vpc = vpcs.Vpcs[0]
	subnets, err := c.ec2.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: in})
	if err != nil {
		return VPC{}, err
	}
	w.subnets = subnets.Subnets
	for pages := ec2.NewDescribeNetworkInterfacesPaginator(c.ec2, &ec2.DescribeNetworkInterfacesInput{Filters: in}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return VPC{}, err
		}
		w.interfaces = append(w.interfaces, page.NetworkInterfaces...)
	}
	tables, err := c.ec2.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: in})
	if err != nil {
		return VPC{}, err
	}
	w.tables = tables.RouteTables
	groups, err := c.ec2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: in})
	if err != nil {
		return VPC{}, err
	}
	w.groups = groups.SecurityGroups
	if w.balancers, err = c.readBalancers(ctx); err != nil {
		return VPC{}, err
	}
	return w.build()
}

func (w *ec2World) build() (VPC, error) {
	p := &parser{}
	var v VPC
	for _, b := range w.vpc.CidrBlockAssociationSet {
		if b.CidrBlockState == nil || b.CidrBlockState.State == types.VpcCidrBlockStateCodeAssociated {
			v.Space = append(v.Space, p.prefix(aws.ToString(b.CidrBlock)))
		}
	}
	slices.SortFunc(v.Space, netip.Prefix.Compare)
	for _, i := range w.interfaces {
		if i.Attachment == nil || aws.ToString(i.Attachment.InstanceId) == "" {
			continue
		}
		at := slices.IndexFunc(v.Machines, func(m Machine) bool { return m.Name == *i.Attachment.InstanceId })
		if at < 0 {
			at = len(v.Machines)
			v.Machines = append(v.Machines, Machine{Name: *i.Attachment.InstanceId})
		}
		m := &v.Machines[at]
		if aws.ToInt32(i.Attachment.DeviceIndex) == 0 {
			m.Primary, m.Zone = p.addr(aws.ToString(i.PrivateIpAddress)), aws.ToString(i.AvailabilityZone)
			m.Forwards, m.Table = !aws.ToBool(i.SourceDestCheck), w.table(aws.ToString(i.SubnetId))
			m.Gateway = w.gateway(p, aws.ToString(i.SubnetId))
		}
		m.Prefixes = append(m.Prefixes, delegated(p, i)...)
		slices.SortFunc(m.Prefixes, netip.Prefix.Compare)
	}
	v.Machines = slices.DeleteFunc(v.Machines, func(m Machine) bool { return !m.Primary.IsValid() })
	slices.SortFunc(v.Machines, func(a, b Machine) int { return cmp.Compare(a.Name, b.Name) })
	v.Tables = w.routes(p)
	v.Rules = w.rules(p)
	v.Balancers = w.listeners(p, v.Machines)
	return v, p.err
}

// delegated are an interface's addresses besides the primary one.
func delegated(p *parser, i types.NetworkInterface) (out []netip.Prefix) {
	for _, x := range i.Ipv4Prefixes {
		out = append(out, p.prefix(aws.ToString(x.Ipv4Prefix)))
	}
	for _, x := range i.PrivateIpAddresses {
		if !aws.ToBool(x.Primary) {
			out = append(out, p.prefix(aws.ToString(x.PrivateIpAddress)))
		}
	}
	return out
}

// gateway is the first address of a subnet after the network's.
func (w *ec2World) gateway(p *parser, subnet string) netip.Addr {
	for _, s := range w.subnets {
		if aws.ToString(s.SubnetId) == subnet {
			return p.prefix(aws.ToString(s.CidrBlock)).Addr().Next()
		}
	}
	return netip.Addr{}
}

// table is the route table of a subnet: its own, or the VPC's main one.
func (w *ec2World) table(subnet string) (main string) {
	for _, t := range w.tables {
		for _, a := range t.Associations {
			if aws.ToString(a.SubnetId) == subnet {
				return aws.ToString(t.RouteTableId)
			}
			if aws.ToBool(a.Main) {
				main = aws.ToString(t.RouteTableId)
			}
		}
	}
	return main
}

func (w *ec2World) routes(p *parser) (out []Table) {
	for _, t := range w.tables {
		next := Table{Name: aws.ToString(t.RouteTableId)}
		for _, r := range t.Routes {
			if r.DestinationCidrBlock == nil || aws.ToString(r.GatewayId) == "local" {
				continue
			}
			gateway := aws.ToString(r.GatewayId)
			to := Route{To: p.prefix(*r.DestinationCidrBlock), Internet: len(gateway) > 4 && gateway[:4] == "igw-"}
			if r.State == types.RouteStateActive {
				to.Machine = aws.ToString(r.InstanceId)
			}
			next.Routes = append(next.Routes, to)
		}
		slices.SortFunc(next.Routes, func(a, b Route) int { return a.To.Compare(b.To) })
		out = append(out, next)
	}
	slices.SortFunc(out, func(a, b Table) int { return cmp.Compare(a.Name, b.Name) })
	return out
}
