package aws_test

import (
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
	snap, err := w.vpc.Space.Read(t.Context())
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
