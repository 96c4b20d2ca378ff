package awssim_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/simulate"
)

func (w *world) mainTable() string {
	w.t.Helper()
	l, err := w.ec2.DescribeRouteTables(w.ctx, &ec2.DescribeRouteTablesInput{Filters: []types.Filter{
		{Name: aws.String("vpc-id"), Values: []string{w.vpc}}, {Name: aws.String("association.main"), Values: []string{"true"}}}})
	w.must(err)
	return *l.RouteTables[0].RouteTableId
}

func (w *world) route(table, dest, eni string) error {
	_, err := w.ec2.CreateRoute(w.ctx, &ec2.CreateRouteInput{RouteTableId: &table, DestinationCidrBlock: &dest, NetworkInterfaceId: &eni})
	return err
}

func (w *world) reroute(table, dest, eni string) error {
	_, err := w.ec2.ReplaceRoute(w.ctx, &ec2.ReplaceRouteInput{RouteTableId: &table, DestinationCidrBlock: &dest, NetworkInterfaceId: &eni})
	return err
}

func (w *world) unroute(table, dest string) error {
	_, err := w.ec2.DeleteRoute(w.ctx, &ec2.DeleteRouteInput{RouteTableId: &table, DestinationCidrBlock: &dest})
	return err
}

func (w *world) routed(want ...awssim.Route) {
	w.t.Helper()
	if got := w.sim.Routes(w.vpc, ""); !slices.Equal(got, want) {
		w.t.Errorf("the main table has %v, want %v", got, want)
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{RoutesPerTable: 4})
	vm, eni := w.addVM("m5.large")
	_, other := w.addVM("m5.large")
	main := w.mainTable()
	w.must(w.route(main, "100.64.1.0/24", eni))
	w.refused("RouteAlreadyExists", w.route(main, "100.64.1.0/24", eni))
	w.refused("RouteAlreadyExists", w.route(main, "100.64.1.7/24", other)) // canonical
	w.must(w.route(main, "100.64.1.0/25", other))                          // another destination
	w.routed(awssim.Route{To: "100.64.1.0/24", Via: eni, State: "active"}, awssim.Route{To: "100.64.1.0/25", Via: other, State: "active"})
	w.must(w.reroute(main, "100.64.1.0/25", eni))
	w.refused("InvalidParameterValue", w.reroute(main, "100.64.2.0/24", eni))
	w.must(w.unroute(main, "100.64.1.0/25"))
	w.refused("InvalidRoute.NotFound", w.unroute(main, "100.64.1.0/25"))
	w.refused("InvalidParameterValue", w.unroute(main, "10.0.0.0/16"))

	w.refused("InvalidParameterValue", w.route(main, "10.0.1.0/24", eni)) // inside the VPC, and no subnet
	w.must(w.route(main, "10.0.0.0/20", eni))                             // a whole subnet
	w.refused("RouteAlreadyExists", w.route(main, "10.0.0.0/16", eni))
	w.must(w.route(main, "10.0.0.0/8", eni))
	w.refused("RouteLimitExceeded", w.route(main, "100.64.3.0/24", eni))
	_, err := w.ec2.CreateRoute(w.ctx, &ec2.CreateRouteInput{RouteTableId: &main, DestinationIpv6CidrBlock: aws.String("fd00::/64"), NetworkInterfaceId: &eni})
	w.must(err) // counted apart

	w.refused("InvalidRouteTableID.NotFound", w.route("rtb-0123456789abcdef0", "100.64.3.0/24", eni))
	w.refused("InvalidNetworkInterfaceID.NotFound", w.route(main, "100.64.3.0/24", "eni-0123456789abcdef0"))
	_, err = w.ec2.CreateRoute(w.ctx, &ec2.CreateRouteInput{RouteTableId: &main, DestinationCidrBlock: aws.String("100.64.3.0/24")})
	w.refused("InvalidParameterCombination", err)
	_, err = w.ec2.AssociateVpcCidrBlock(w.ctx, &ec2.AssociateVpcCidrBlockInput{VpcId: &w.vpc, CidrBlock: aws.String("100.64.0.0/16")})
	w.refused("InvalidVpc.Range", err) // a route lies in it

	w.must(w.sim.TerminateInstance(vm.ID))
	for _, r := range w.sim.Routes(w.vpc, "") {
		if r.State != "blackhole" {
			t.Errorf("%+v, though its target is gone", r)
		}
	}
}

func TestRoutesToInstancesNeedOneInterface(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Instant: true})
	vm, err := w.sim.AddInstance(awssim.Instance{Type: "m5.large", Interfaces: []awssim.Interface{{Subnet: w.subnet}, {Subnet: w.subnet}}})
	w.must(err)
	main := w.mainTable()
	_, err = w.ec2.CreateRoute(w.ctx, &ec2.CreateRouteInput{RouteTableId: &main, DestinationCidrBlock: aws.String("100.64.1.0/24"), InstanceId: &vm.ID})
	w.refused("InvalidInstanceID", err)
	off := &types.AttributeBooleanValue{Value: aws.Bool(false)}
	_, err = w.ec2.ModifyInstanceAttribute(w.ctx, &ec2.ModifyInstanceAttributeInput{InstanceId: &vm.ID, SourceDestCheck: off})
	w.refused("InvalidInstanceID", err)
	eni := vm.Interfaces[0].ID
	_, err = w.ec2.ModifyNetworkInterfaceAttribute(w.ctx, &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: &eni, SourceDestCheck: off, Groups: []string{"sg-1"}})
	w.refused("InvalidParameterCombination", err)
	_, err = w.ec2.ModifyNetworkInterfaceAttribute(w.ctx, &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: &eni, SourceDestCheck: off})
	w.must(err)
	if got, _ := w.sim.Instance(vm.ID); got.Interfaces[0].SourceDestCheck || !got.Interfaces[1].SourceDestCheck {
		t.Errorf("it has %+v", got)
	}
}

func TestASubnetHasOneTable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Instant: true})
	_, eni := w.addVM("m5.large")
	_, err := w.sim.AddRouteTable(w.vpc, w.subnet)
	w.must(err)
	own, err := w.sim.AddRouteTable(w.vpc, w.subnet)
	w.must(err)
	l, err := w.ec2.DescribeRouteTables(w.ctx, &ec2.DescribeRouteTablesInput{Filters: []types.Filter{{Name: aws.String("association.subnet-id"), Values: []string{w.subnet}}}})
	w.must(err)
	if len(l.RouteTables) != 1 || *l.RouteTables[0].RouteTableId != own {
		t.Errorf("the subnet's tables are %+v", l.RouteTables)
	}
	w.must(w.route(own, "100.64.1.0/24", eni))
	w.routed()
	w.must(w.route(w.mainTable(), "100.64.1.0/24", eni)) // each table guards only itself
}

func TestInstancesByTheAPI(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Unix(1_800_000_000, 0))
	w := newWorld(t, awssim.Config{Instant: true, Clock: clock, Latency: time.Minute})
	in := &ec2.RunInstancesInput{ImageId: aws.String("ami-1"), InstanceType: "m5.large", MinCount: aws.Int32(2), MaxCount: aws.Int32(2), SubnetId: &w.subnet, ClientToken: aws.String("t")}
	made, err := w.ec2.RunInstances(w.ctx, in)
	w.must(err)
	again, err := w.ec2.RunInstances(w.ctx, in)
	w.must(err)
	id := *made.Instances[0].InstanceId
	if len(made.Instances) != 2 || *again.Instances[1].InstanceId != *made.Instances[1].InstanceId || len(w.sim.Instances()) != 2 || made.Instances[0].State.Name != "pending" {
		t.Fatalf("made %+v, then %+v", made.Instances, again.Instances)
	}
	is := func(want string) {
		t.Helper()
		if got, ok := w.sim.Instance(id); got.State != want || ok == (want == "terminated") {
			t.Errorf("it is %s, want %s", got.State, want)
		}
	}
	clock.Advance(time.Minute)
	is("running")
	_, err = w.ec2.StartInstances(w.ctx, &ec2.StartInstancesInput{InstanceIds: []string{id}})
	w.must(err)
	is("running")
	_, err = w.ec2.StopInstances(w.ctx, &ec2.StopInstancesInput{InstanceIds: []string{id}})
	w.must(err)
	is("stopping")
	_, err = w.ec2.StartInstances(w.ctx, &ec2.StartInstancesInput{InstanceIds: []string{id}})
	w.refused("IncorrectInstanceState", err)
	clock.Advance(time.Minute)
	is("stopped")
	_, err = w.ec2.TerminateInstances(w.ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{id}})
	w.must(err)
	is("shutting-down")
	clock.Advance(time.Minute)
	is("terminated")
	_, err = w.ec2.StopInstances(w.ctx, &ec2.StopInstancesInput{InstanceIds: []string{id}})
	w.refused("IncorrectInstanceState", err)
}
