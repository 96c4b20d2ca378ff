package aws_test

import (
	"context"
	"net/netip"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/cloudtest"
)

func TestContract(t *testing.T) {
	cloudtest.Run(t, func(t *testing.T) cloudtest.Harness {
		w := newWorld(t, awssim.Config{})
		return cloudtest.Harness{
			VPC: w.vpc, World: w, Subnet: w.subnet,
			Range:       cloud.Range{Subnet: w.subnet, Name: "pods", Prefix: prefix(podRange)},
			NodeCIDR:    func(n int) netip.Prefix { return nth(podRange, nodeBits, n) },
			Block:       func(n int) netip.Prefix { return nth("10.0.128.0/17", 21, n) },
			PageSize:    1000,
			ForeignID:   "gce://p1/us-central1-a/vm",
			StrangerID:  "aws:///us-east-1a/i-0123456789abcdef0",
			AbsentID:    "aws:///" + zone + "/i-0123456789abcdef0",
			Synchronous: true,
			UniqueIDs:   true,
			Settle:      w.sim.Settle,
			Refused: func(ctx context.Context) error {
				locked := newWorld(t, awssim.Config{AccessKey: "AKID", SecretKey: "secret"},
					func(c *aws.Config) { c.SecretKey = "wrong" })
				_, err := locked.vpc.Space.Read(ctx)
				return err
			},
		}
	})
}
