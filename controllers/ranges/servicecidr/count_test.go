package servicecidr

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sync/errgroup"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/ipam/prefix"
	"github.com/vpcnative/vpcnative/test/apiserver"
)

func TestWithinAgreesWithASearchOfAll(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var addrs []netip.Addr
		for range random.IntN(40) {
			addrs = append(addrs, netip.AddrFrom4([4]byte{10, 0, 0, byte(random.IntN(64))}))
		}
		slices.SortFunc(addrs, netip.Addr.Compare)
		addrs = slices.Compact(addrs)
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(random.IntN(64))}), 26+random.IntN(7)).Masked()
		var want []netip.Addr
		for _, a := range addrs {
			if p.Contains(a) {
				want = append(want, a)
			}
		}
		if got := within(addrs, p); !slices.Equal(got, want) {
			t.Fatalf("within %s of %v are %v, want %v", p, addrs, got, want)
		}
	}
}

func TestUsableLeavesOutWhatTheAPIServerNeverAllocates(t *testing.T) {
	t.Parallel()
	for cidr, want := range map[string]uint64{"10.0.0.0/20": 4094, "10.0.0.0/28": 14, "10.0.0.0/31": 0, "10.0.0.0/32": 0, "fd00::/112": 65535} {
		if got := Usable(netip.MustParsePrefix(cidr)); got != prefix.NewCount(want) {
			t.Errorf("of %s %s are usable, want %d", cidr, got, want)
		}
	}
}

func TestFreeNamesAreNamesAndTellPrefixesApart(t *testing.T) {
	t.Parallel()
	long := ""
	for range 25 {
		long += "a234567.-b"[:9] + "x"
	}
	for _, request := range []string{"services", long, "a.b"} {
		seen := map[string]bool{}
		for _, cidr := range []string{"10.0.0.0/20", "10.0.0.0/21", "fd00::/112", "fd00::/108"} {
			for range 3 {
				name := freeName(named(request), netip.MustParsePrefix(cidr), func(n string) bool { return seen[n] })
				if seen[name] || len(name) > 253 {
					t.Errorf("name %q of %s is no new name", name, cidr)
				}
				seen[name] = true
			}
		}
	}
}

// More than a page of addresses is counted anew when their number changed,
// and taken from memory while it did not.
func TestManyAddressesAreCounted(t *testing.T) {
	k, clients := keeper(t, apiserver.Shared(t))
	r := request("many", "10.60.0.0/20")
	addresses := clients.NetworkingV1().IPAddresses()
	t.Cleanup(func() {
		if err := addresses.DeleteCollection(context.Background(), metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "test=many"}); err != nil {
			t.Error(err)
		}
	})
	const many = page + 100
	var all errgroup.Group
	all.SetLimit(16)
	for i := range many {
		a := netip.AddrFrom4([4]byte{10, 60, byte(i / 200), byte(i%200 + 2)})
		all.Go(func() error {
			_, err := addresses.Create(t.Context(), &networkingv1.IPAddress{
				ObjectMeta: metav1.ObjectMeta{Name: a.String(), Labels: map[string]string{"test": "many"}},
				Spec:       networkingv1.IPAddressSpec{ParentRef: &networkingv1.ParentReference{Resource: "services", Namespace: "default", Name: fmt.Sprint("s", i)}},
			}, metav1.CreateOptions{})
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	count := func() uint64 {
		use, err := k.Use(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return use.Allocated[netip.MustParsePrefix("10.60.0.0/20")].Uint64()
	}
	if got := count(); got != many {
		t.Fatalf("%d are in use, want %d", got, many)
	}
	read := k.last.at
	if count(); k.last.at != read {
		t.Error("all addresses were listed again, though their number had not changed")
	}
	if err := addresses.Delete(t.Context(), "10.60.0.2", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := count(); got != many-1 {
		t.Errorf("%d are in use, want %d", got, many-1)
	}
}

// A server without the API is emulated: from 1.34 on it cannot be turned off.
func TestAnAPIServerWithoutServiceCIDRs(t *testing.T) {
	s := apiserver.StartForTest(t, apiserver.Options{APIServerFlags: apiserver.WithoutServiceCIDRs()})
	k, _ := keeper(t, s)
	r := request("services", "10.61.0.0/20")
	_, err := k.Occupied(t.Context())
	wantRefusal(t, err, v1alpha1.ReasonNoServiceCIDR, "networking.k8s.io/v1", "1.33")
	_, err = k.Use(t.Context(), r)
	wantRefusal(t, err, v1alpha1.ReasonNoServiceCIDR, "networking.k8s.io/v1", "1.33")
	if _, err := k.Use(t.Context(), deleted(r)); err != nil {
		t.Errorf("a deleted request waits for an API: %v", err)
	}
	wantRefusal(t, k.Ensure(t.Context(), r, &r.Status.Ranges[0]), v1alpha1.ReasonNoServiceCIDR)
	if gone, err := k.Release(t.Context(), deleted(r)); !gone || err != nil {
		t.Errorf("removing what cannot be there: %t, %v", gone, err)
	}
}

func named(name string) *v1alpha1.RangeRequest { return request(name, "") }
