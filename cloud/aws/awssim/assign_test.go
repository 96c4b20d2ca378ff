package awssim_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
)

func TestExplicitPrefixes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Instant: true})
	_, a := w.addVM("m5.large")
	_, b := w.addVM("m5.large")
	w.must(w.assign(a, "10.0.1.0/28", "10.0.1.16/28"))
	if got := w.held(a); !slices.Equal(got, []string{"10.0.1.0/28", "10.0.1.16/28"}) {
		t.Fatalf("held %v", got)
	}
	for name, c := range map[string]struct{ eni, prefix, code string }{
		"another's":           {b, "10.0.1.0/28", "InvalidParameterValue"},
		"its own":             {a, "10.0.1.0/28", "InvalidParameterValue"},
		"with a used address": {b, "10.0.0.0/28", "InvalidParameterValue"},
		"AWS's last address":  {b, "10.0.15.240/28", "InvalidParameterValue"},
		"outside the subnet":  {b, "10.0.16.0/28", "InvalidParameterValue"},
		"not a /28":           {b, "10.0.2.0/24", "InvalidParameterValue"},
		"misaligned":          {b, "10.0.2.8/28", "InvalidParameterValue"},
		"no such interface":   {"eni-0badc0ffee", "10.0.2.0/28", "InvalidNetworkInterfaceID.NotFound"},
	} {
		t.Log(name)
		w.refused(c.code, w.assign(c.eni, c.prefix))
	}
	// All or none.
	w.refused("InvalidParameterValue", w.assign(b, "10.0.2.0/28", "10.0.1.16/28"))
	if got := w.held(b); len(got) != 0 {
		t.Errorf("a refused call assigned %v", got)
	}
	w.refused("InvalidParameterValue", w.unassign(a, "10.0.1.0/28", "10.0.9.0/28"))
	w.must(w.unassign(a, "10.0.1.0/28"))
	w.must(w.assign(b, "10.0.1.0/28"))
}

func TestSlotsOfTheInstanceType(t *testing.T) {
	t.Parallel()
	for kind, slots := range map[string]int{"t3.small": 3, "t3.medium": 5, "m5.large": 9, "m5.xlarge": 14, "m5.8xlarge": 29} {
		w := newWorld(t, awssim.Config{Instant: true})
		_, eni := w.addVM(kind)
		var all []string
		at := netip.MustParseAddr("10.0.1.0")
		for range slots + 1 {
			all = append(all, netip.PrefixFrom(at, 28).String())
			for range 16 {
				at = at.Next()
			}
		}
		w.refused("PrivateIpAddressLimitExceeded", w.assign(eni, all...))
		w.must(w.assign(eni, all[:slots]...))
		w.refused("PrivateIpAddressLimitExceeded", w.assign(eni, all[slots]))
	}
	w := newWorld(t, awssim.Config{Instant: true})
	_, old := w.addVM("t2.medium")
	w.refused("UnsupportedOperation", w.assign(old, "10.0.1.0/28"))
}

func TestSecondaryAddressesTakeSlots(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Instant: true})
	_, eni := w.addVM("t3.small")
	_, err := w.ec2.AssignPrivateIpAddresses(w.ctx, &ec2.AssignPrivateIpAddressesInput{NetworkInterfaceId: &eni, SecondaryPrivateIpAddressCount: aws.Int32(2)})
	w.must(err)
	w.must(w.assign(eni, "10.0.1.0/28"))
	w.refused("PrivateIpAddressLimitExceeded", w.assign(eni, "10.0.1.16/28"))
	_, err = w.ec2.AssignPrivateIpAddresses(w.ctx, &ec2.AssignPrivateIpAddressesInput{NetworkInterfaceId: &eni, Ipv4PrefixCount: aws.Int32(1), Ipv4Prefixes: []string{"10.0.1.16/28"}})
	w.refused("InvalidParameterCombination", err)
}

func TestAutomaticPrefixesKeepOutOfExplicitReservations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Instant: true})
	small, err := w.sim.AddSubnet(w.vpc, pfx("10.0.16.0/26"), "")
	w.must(err)
	_, err = w.sim.AddReservation(awssim.Reservation{Subnet: small, Prefix: pfx("10.0.16.16/28")})
	w.must(err)
	vm, err := w.sim.AddInstance(awssim.Instance{Interfaces: []awssim.Interface{{Subnet: small}}})
	w.must(err)
	eni := vm.Interfaces[0].ID
	draw := func(n int32) ([]string, error) {
		got, err := w.ec2.AssignPrivateIpAddresses(w.ctx, &ec2.AssignPrivateIpAddressesInput{NetworkInterfaceId: &eni, Ipv4PrefixCount: &n})
		if err != nil {
			return nil, err
		}
		var out []string
		for _, p := range got.AssignedIpv4Prefixes {
			out = append(out, *p.Ipv4Prefix)
		}
		return out, nil
	}
	// The first and the last /28 hold addresses of AWS, the second is reserved.
	_, err = draw(2)
	w.refused("InsufficientCidrBlocks", err)
	got, err := draw(1)
	w.must(err)
	if !slices.Equal(got, []string{"10.0.16.32/28"}) {
		t.Errorf("drew %v", got)
	}
	w.must(w.assign(eni, "10.0.16.16/28")) // by name it may be had
}

func TestAReassignedPrefixMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Instant: true})
	_, a := w.addVM("m5.large", "10.0.1.0/28", "10.0.1.16/28")
	_, b := w.addVM("m5.large")
	w.must(w.sim.Move(b, pfx("10.0.1.16/28")))
	if x, y := w.held(a), w.held(b); !slices.Equal(x, []string{"10.0.1.0/28"}) || !slices.Equal(y, []string{"10.0.1.16/28"}) {
		t.Errorf("held %v and %v", x, y)
	}
}
