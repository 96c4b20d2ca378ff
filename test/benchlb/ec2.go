package main

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cloud/middleware"
)

type ec2 struct {
	*awssim.Sim
	endpoint, vpc string
	subnets       []string // one a zone
	rates         bool
}

var awsZones = []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"}

func newEC2(s settings) (simulation, error) {
	e := &ec2{Sim: awssim.New(awssim.Config{Latency: s.latency, Throttle: s.rates, Balancers: 1000}), rates: s.rates}
	var err error
	if e.vpc, err = e.AddVPC(netip.MustParsePrefix("10.0.0.0/16")); err != nil {
		return nil, err
	}
	gateway, err := e.AddInternetGateway(e.vpc)
	if err == nil {
		err = e.AddRoute(e.vpc, netip.MustParsePrefix("0.0.0.0/0"), gateway)
	}
	if err != nil {
		return nil, err
	}
	for n, zone := range awsZones {
		id, err := e.AddSubnet(e.vpc, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(16 * n), 0}), 20), zone)
		if err != nil {
			return nil, err
		}
		e.subnets = append(e.subnets, id)
	}
	e.endpoint, _, err = e.Serve("127.0.0.1:0") // as long as this process lives
	return e, err
}

func (e *ec2) addMachine(n int) (machine, error) {
	zone := awsZones[n%len(awsZones)]
	i, err := e.AddInstance(awssim.Instance{Type: "m5.large", Interfaces: []awssim.Interface{{Subnet: e.subnets[n%len(awsZones)]}}})
	if err != nil {
		return machine{}, err
	}
	return machine{name: fmt.Sprintf("node-%04d", n), zone: zone, providerID: "aws:///" + zone + "/" + i.ID, ip: i.Interfaces[0].IP.String()}, nil
}

func (e *ec2) id(m machine) string { return m.providerID[len("aws:///"+m.zone+"/"):] }

func (e *ec2) removeMachine(m machine) error { return e.TerminateInstance(e.id(m)) }

func (e *ec2) network() v1alpha1.NetworkSpec {
	return v1alpha1.NetworkSpec{AWS: &v1alpha1.AWSNetwork{VPCID: e.vpc, Region: "eu-west-1", Subnets: e.subnets}, Supernets: []v1alpha1.CIDR{"10.0.0.0/8"}}
}

// open keeps to the buckets as the manager does, where there are any.
func (e *ec2) open(ctx context.Context) (lb.Balancers, func(), error) {
	c := aws.Config{Region: "eu-west-1", VPC: e.vpc, Subnets: e.subnets, Endpoint: e.endpoint, AccessKey: "AKID", SecretKey: "secret"}
	if e.rates {
		pace, err := middleware.Pace(middleware.PaceConfig{Bucket: aws.Bucket}, prometheus.NewRegistry())
		if err != nil {
			return nil, nil, err
		}
		c.Hook = cloud.Chain(pace)
	}
	_, b, closer, err := aws.New(ctx, c, aws.BalancerConfig{})
	return b, closer, err
}

func (e *ec2) pools() (out []int) {
	for _, g := range e.TargetGroups() {
		out = append(out, len(g.Targets))
	}
	return out
}

func (e *ec2) holds(m machine) bool {
	return slices.ContainsFunc(e.TargetGroups(), func(g awssim.TargetGroup) bool { return slices.Contains(g.Targets, e.id(m)) })
}

func (e *ec2) left() (out []string) {
	for _, b := range e.Balancers() {
		out = append(out, b.Name)
	}
	for _, g := range e.TargetGroups() {
		out = append(out, g.Name)
	}
	for _, g := range e.SecurityGroups() {
		out = append(out, g.Name)
	}
	return out
}

// wasRead: the balancers are read all together, and then some of them by
// themselves, whose listeners only that shows.
func (e *ec2) wasRead() bool {
	const inspected = 20 // at least, where there are as many
	n := e.CallCounts()
	return n["DescribeTargetGroups"] > 0 && n["DescribeTargetHealth"] >= len(e.TargetGroups()) &&
		n["DescribeListeners"] >= min(inspected, len(e.Balancers()))
}

func (e *ec2) lastCall() (last time.Time) {
	for _, c := range e.Calls() {
		if c.Start.After(last) {
			last = c.Start
		}
	}
	return last
}
