package aws_test

import (
	"context"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
)

func TestABlockIsUsableWhenAdded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Latency: 50 * time.Millisecond})
	space, block := w.vpc.NewSpace, prefix("100.64.0.0/16")
	sub := cloud.NewSubnet{Name: owner.ObjectName(0), Zone: zone, Prefix: prefix("100.64.0.0/20")}
	w.must(space.AddBlock(t.Context(), block))
	id, err := space.AddSubnet(t.Context(), sub)
	w.must(err)
	again, err := space.AddSubnet(t.Context(), sub)
	if w.must(err); again != id || w.sim.CallCounts()["CreateSubnet"] != 1 {
		t.Errorf("made %s, then %s", id, again)
	}
	w.must(space.AddBlock(t.Context(), block))
	w.wants(cloud.Conflict, space.RemoveBlock(t.Context(), block), "remove block 100.64.0.0/16")
	other := sub
	other.Prefix = prefix("100.64.16.0/20")
	_, err = space.AddSubnet(t.Context(), other)
	w.wants(cloud.Conflict, err, "100.64.0.0/20")
	w.wants(cloud.Conflict, space.RemoveSubnet(t.Context(), other), "100.64.0.0/20")
	w.must(space.RemoveSubnet(t.Context(), sub))
	w.must(space.RemoveSubnet(t.Context(), sub))
	w.must(space.RemoveBlock(t.Context(), block))
	w.must(space.RemoveBlock(t.Context(), block))
	w.must(space.AddBlock(t.Context(), block)) // once more
}

func TestBlocksThatTheVPCDoesNotTake(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{CIDRsPerVPC: 2})
	space := w.vpc.NewSpace
	w.must(w.sim.AddRoute(w.vpcID, prefix("100.65.1.0/24"), "tgw-1"))
	w.wants(cloud.Invalid, space.AddBlock(t.Context(), prefix("192.168.0.0/16")), "InvalidVpc.Range", "restricted", "100.64.0.0/10")
	w.wants(cloud.Invalid, space.AddBlock(t.Context(), prefix("100.65.0.0/16")), "InvalidVpc.Range", "100.65.1.0/24")
	w.must(space.AddBlock(t.Context(), prefix("100.64.0.0/16")))
	w.wants(cloud.QuotaExceeded, space.AddBlock(t.Context(), prefix("100.66.0.0/16")), "CidrLimitExceeded")
	w.wants(cloud.Conflict, space.RemoveBlock(t.Context(), prefix("10.0.0.0/16")))
	_, err := space.AddSubnet(t.Context(), cloud.NewSubnet{Name: "x", Zone: zone, Prefix: prefix("100.67.0.0/20")})
	w.wants(cloud.Invalid, err, "InvalidSubnet.Range")
	_, err = space.AddSubnet(t.Context(), cloud.NewSubnet{Name: "x", Zone: zone, Prefix: prefix("10.0.64.0/20")})
	w.wants(cloud.Conflict, err, "InvalidSubnet.Conflict")
}

func TestABlockThatNeverComesIsUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Latency: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.sim.Inject(awssim.Fault{Action: "DescribeVpcs", After: func(awssim.Call) {
		if w.sim.CallCounts()["AssociateVpcCidrBlock"] > 0 {
			cancel()
		}
	}})
	w.wants(cloud.OutcomeUnknown, w.vpc.NewSpace.AddBlock(ctx, prefix("100.64.0.0/16")))
}

// A reply lost after every change that there is: what was asked for comes, once.
func TestALostReplyOfAnyChangeIsSettled(t *testing.T) {
	t.Parallel()
	for action, shows := range map[string]string{
		"AssociateVpcCidrBlock": "DescribeVpcs", "DisassociateVpcCidrBlock": "DescribeVpcs", "CreateSubnet": "DescribeSubnets", "DeleteSubnet": "DescribeSubnets",
		"CreateSubnetCidrReservation": "GetSubnetCidrReservations", "DeleteSubnetCidrReservation": "GetSubnetCidrReservations",
		"AssignPrivateIpAddresses": "DescribeInstances", "UnassignPrivateIpAddresses": "DescribeInstances",
		"AssignIpv6Addresses": "DescribeInstances", "UnassignIpv6Addresses": "DescribeInstances",
	} {
		for _, stale := range []int{0, 1} {
			t.Run(action, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, awssim.Config{})
				six, err := w.sim.AddIPv6(w.subnet)
				w.must(err)
				id := w.add("m5.8xlarge", "vm")
				w.sim.Inject(awssim.Fault{Action: action, Count: 2, LostReply: true, After: func(awssim.Call) {
					if stale > 0 {
						w.sim.Inject(awssim.Fault{Action: shows, Count: 1, StaleChanges: stale})
					}
				}})
				v6 := nth6(six)
				sub := cloud.NewSubnet{Name: owner.ObjectName(0), Zone: zone, Prefix: prefix("100.64.0.0/20")}
				space := w.vpc.NewSpace
				w.must(space.AddBlock(t.Context(), prefix("100.64.0.0/16")))
				_, err = space.AddSubnet(t.Context(), sub)
				w.must(err)
				w.must(w.vpc.Ranges.Create(t.Context(), w.ours("10.0.128.0/20")))
				w.must(w.attach(w.get(id), "10.0.130.0/24"))
				w.must(w.attach(w.get(id), v6))
				w.attached(id, "10.0.130.0/24", v6)
				w.must(w.detach(w.get(id), v6))
				w.must(w.detach(w.get(id), "10.0.130.0/24"))
				w.attached(id)
				w.must(w.vpc.Ranges.Delete(t.Context(), w.ours("10.0.128.0/20")))
				w.must(space.RemoveSubnet(t.Context(), sub))
				w.must(space.RemoveBlock(t.Context(), prefix("100.64.0.0/16")))
				if left := w.sim.Reservations(w.subnet); len(left) != 1 {
					t.Errorf("left are %+v", left)
				}
			})
		}
	}
}
