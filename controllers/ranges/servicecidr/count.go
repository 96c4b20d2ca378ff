package servicecidr

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/ranges"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// recount bounds how old a count of addresses may be. A change of their number
// is seen at the next look.
const recount = time.Minute

// page is how many IPAddresses are listed at a time.
const page = 500

// reading is the last count: every address in use, sorted, 24 bytes each.
type reading struct {
	addrs []netip.Addr
	at    time.Time
}

// Use counts the ClusterIPs in r's ranges. Only these count, whichever
// ServiceCIDR the API server prefers: from 1.34 on it takes any of them that
// has room, at random, and before that `kubernetes` until it is full.
func (k *Keeper) Use(ctx context.Context, r *v1alpha1.RangeRequest) (ranges.ServiceUse, error) {
	use := ranges.ServiceUse{Allocated: map[netip.Prefix]prefix.Count{}, Usable: map[netip.Prefix]prefix.Count{}}
	all, err := k.list(ctx)
	var addrs []netip.Addr
	if err == nil {
		addrs, err = k.recent(ctx)
	}
	if IsNoAPI(err) && !r.DeletionTimestamp.IsZero() {
		err = nil // nor is there anything to wait for
	}
	if err != nil {
		return use, err
	}
	for _, g := range r.Status.Granted() {
		p, ok := g.Prefix()
		if !ok {
			continue
		}
		use.Allocated[p] = prefix.NewCount(uint64(len(within(addrs, p))))
		use.Usable[p] = Usable(p)
		if g.ServiceCIDR != "" && !g.Leaving && k.serving(all, r, p) == nil {
			use.Unserved = true
		}
	}
	return use, nil
}

// recent returns the last reading as long as the number of IPAddresses is what
// it was, which one small call tells.
func (k *Keeper) recent(ctx context.Context) ([]netip.Addr, error) {
	if k.last.at.IsZero() || time.Since(k.last.at) >= recount || len(k.last.addrs) <= page {
		return k.read(ctx)
	}
	first, err := k.page(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return nil, err
	}
	total := len(first.Items)
	if first.RemainingItemCount != nil {
		total += int(*first.RemainingItemCount)
	}
	if total == len(k.last.addrs) {
		return k.last.addrs, nil
	}
	return k.read(ctx)
}

// read lists the names of all IPAddresses, which are the addresses.
func (k *Keeper) read(ctx context.Context) ([]netip.Addr, error) {
	at := time.Now()
	var addrs []netip.Addr
	for opts := (metav1.ListOptions{Limit: page}); ; {
		list, err := k.page(ctx, opts)
		if apierrors.IsResourceExpired(err) && opts.Continue != "" {
			addrs, opts.Continue = nil, "" // the list outlived what the API server remembers
			continue
		}
		if err != nil {
			return nil, err
		}
		for i := range list.Items {
			if a, err := netip.ParseAddr(list.Items[i].Name); err == nil {
				addrs = append(addrs, a)
			}
		}
		if opts.Continue = list.Continue; opts.Continue == "" {
			break
		}
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	k.last = reading{addrs: slices.Clip(addrs), at: at}
	return k.last.addrs, nil
}

func (k *Keeper) page(ctx context.Context, opts metav1.ListOptions) (*metav1.PartialObjectMetadataList, error) {
	list, err := k.Metadata.Resource(networkingv1.SchemeGroupVersion.WithResource("ipaddresses")).List(ctx, opts)
	if apierrors.IsNotFound(err) {
		return nil, noAPI()
	}
	if err != nil {
		return nil, fmt.Errorf("listing IPAddresses: %w", err)
	}
	return list, nil
}

// within is the part of a sorted list that lies in p.
func within(addrs []netip.Addr, p netip.Prefix) []netip.Addr {
	from, _ := slices.BinarySearchFunc(addrs, p.Masked().Addr(), netip.Addr.Compare)
	for to := from; ; to++ {
		if to == len(addrs) || !p.Contains(addrs[to]) {
			return addrs[from:to]
		}
	}
}

// Usable is how many addresses of p the API server allocates: not the first,
// and of IPv4 not the last.
func Usable(p netip.Prefix) prefix.Count {
	barred := prefix.NewCount(1)
	if p.Addr().Is4() {
		barred = prefix.NewCount(2)
	}
	if all := prefix.Addresses(p); all.Cmp(barred) > 0 {
		return all.Sub(barred)
	}
	return prefix.Count{}
}
