package aws_test

import (
	"context"
	"net/netip"
	"slices"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
)

// nth6 is a /80 of a /64.
func nth6(in netip.Prefix) string {
	a := in.Addr().As16()
	a[9] = 7
	return netip.PrefixFrom(netip.AddrFrom16(a), 80).String()
}

func TestAnIPv6PrefixIsAttachedLikeAnIPv4One(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	six, err := w.sim.AddIPv6(w.subnet)
	w.must(err)
	v6 := nth6(six)
	id, other := w.add("m5.large", "vm"), w.add("m5.large", "other")
	w.must(w.attach(w.get(id), "10.0.65.0/27"))
	w.must(w.attach(w.get(id), v6))
	w.attached(id, "10.0.65.0/27", v6)
	if i := w.get(id); !i.Holds(prefix(v6)) || !i.Holds(prefix("10.0.65.0/27")) || i.Delegated.IsValid() {
		t.Errorf("it reads %+v", i)
	}
	w.must(w.attach(w.get(id), v6))
	w.wants(cloud.Conflict, w.attach(w.get(other), v6), v6)
	snap, err := w.settled().Space.Read(t.Context())
	w.must(err)
	if sub := snap.Subnets[0]; !slices.Equal(sub.IPv6, []netip.Prefix{six}) || !slices.Contains(sub.Used, prefix(v6)) {
		t.Errorf("the subnet reads %+v", sub)
	}
	w.must(w.detach(w.get(id), v6))
	w.must(w.detach(w.get(id), v6))
	w.must(w.attach(w.get(other), v6))
	w.attached(id, "10.0.65.0/27")
}

func TestIPv6PrefixesThatCannotBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	id := w.add("m5.large", "vm")
	w.wants(cloud.Invalid, w.attach(w.get(id), "2600:1f00::/80"), "subnet's address range") // it has no IPv6
	_, err := w.sim.AddIPv6(w.subnet)
	w.must(err)
	w.wants(cloud.Invalid, w.attach(w.get(id), "2001:db8::/80"), "subnet's address range")
	old := w.add("t2.medium", "xen")
	w.wants(cloud.LimitExceeded, w.attach(w.get(old), "2600:1f00::/80"), "t2.medium", "Nitro")
}

// pair attaches and takes off the IPv6 prefix that goes with a range, too.
func (w *world) pair(i cloud.Interface, p string, do func(context.Context, cloud.Interface, cloud.Attachment) (cloud.Operation, error)) error {
	w.Helper()
	_, err := do(w.Context(), i, cloud.Attachment{Prefix: prefix(p), IPv6: i.PodIPv6(prefix(p))})
	return err
}

func TestBothFamiliesAreAttachedOrNeither(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	id, other := w.add("m5.large", "vm"), w.add("m5.large", "other")
	if i := w.get(id); i.PodIPv6(prefix("10.0.65.0/27")).IsValid() {
		t.Errorf("without IPv6 it reads %+v", i)
	}
	w.wants(cloud.NotFound, w.vpc.Interfaces.ExplainNoIPv6(t.Context(), w.get(id)), w.subnet, "no IPv6 block", "associate")
	six, err := w.sim.AddIPv6(w.subnet)
	w.must(err)
	w.wants(cloud.Stale, w.vpc.Interfaces.ExplainNoIPv6(t.Context(), w.get(id)), "by now")
	const v4 = "10.0.65.0/27"
	v6 := w.get(id).PodIPv6(prefix(v4))
	if !six.Contains(v6.Addr()) || v6.Bits() != 80 {
		t.Fatalf("%s goes with %s in %s", v6, v4, six)
	}
	w.must(w.pair(w.get(id), v4, w.vpc.Interfaces.Attach))
	w.must(w.pair(w.get(id), v4, w.vpc.Interfaces.Attach))
	w.attached(id, v4, v6.String())
	if i := w.get(id); !i.Carries(prefix(v4), v6) {
		t.Errorf("it reads %+v", i)
	}
	w.must(w.pair(w.get(id), v4, w.vpc.Interfaces.Detach))
	w.must(w.pair(w.get(id), v4, w.vpc.Interfaces.Detach))
	w.attached(id)

	w.must(w.attach(w.get(other), v6.String()))
	w.wants(cloud.Conflict, w.pair(w.get(id), v4, w.vpc.Interfaces.Attach), v6.String())
	w.attached(id)
	w.must(w.detach(w.get(other), v6.String()))
	w.must(w.attach(w.get(other), "10.0.65.16/28"))
	w.wants(cloud.Conflict, w.pair(w.get(id), v4, w.vpc.Interfaces.Attach), "10.0.65.")
	w.attached(id)
}

func TestAPairSurvivesLostReplies(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"AssignIpv6Addresses", "AssignPrivateIpAddresses", "UnassignIpv6Addresses", "UnassignPrivateIpAddresses"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, awssim.Config{})
			_, err := w.sim.AddIPv6(w.subnet)
			w.must(err)
			id := w.add("m5.large", "vm")
			const v4 = "10.0.65.0/27"
			w.sim.Inject(awssim.Fault{Action: action, LostReply: true, Count: 1})
			w.must(w.pair(w.get(id), v4, w.vpc.Interfaces.Attach))
			w.attached(id, v4, w.get(id).PodIPv6(prefix(v4)).String())
			w.must(w.pair(w.get(id), v4, w.vpc.Interfaces.Detach))
			w.attached(id)
		})
	}
}
