// Package servicecidr is the cluster's side of purpose Services: it has the
// API server allocate ClusterIPs out of a range by a ServiceCIDR object, or
// adopts the object that is there, and counts the addresses in use.
//
// It asks the API server each time and watches nothing: there are few
// ServiceCIDRs, an API server may have none, and of the addresses, which may
// be many thousands, only the numbers are kept.
package servicecidr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	networkingclient "k8s.io/client-go/kubernetes/typed/networking/v1"
	"k8s.io/client-go/metadata"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// Config is what a Keeper needs.
type Config struct {
	// Objects and Metadata ask the API server, not a cache, and no discovery
	// of theirs outlives a call: it may get ServiceCIDRs while we run.
	Objects   networkingclient.NetworkingV1Interface
	Metadata  metadata.Interface
	ClusterID string
	// Grace is how long the API server is given to learn that a ServiceCIDR
	// is being deleted, before what is not allocated there counts as free; 10
	// seconds by default, like kube-controller-manager's.
	Grace time.Duration
	// Doubt is how long a ServiceCIDR of ours that no request has stays, as
	// whoever made it may be about to note it; 2 minutes by default.
	Doubt time.Duration
}

// Keeper makes, adopts and deletes ServiceCIDRs. But for Occupied it is for
// one worker.
type Keeper struct {
	Config

	last    reading
	leaving map[types.UID]time.Time // since when each ServiceCIDR is seen to be deleted
	strays  map[types.UID]time.Time // and to be no request's
}

var _ ranges.Services = (*Keeper)(nil)

// New makes a Keeper.
func New(cfg Config) *Keeper {
	cfg.Grace = cmp.Or(cfg.Grace, 10*time.Second)
	cfg.Doubt = cmp.Or(cfg.Doubt, 2*time.Minute)
	return &Keeper{Config: cfg, leaving: map[types.UID]time.Time{}, strays: map[types.UID]time.Time{}}
}

// Occupied returns every ServiceCIDR of the cluster, whoever made it.
func (k *Keeper) Occupied(ctx context.Context) ([]carve.ServiceBlock, error) {
	all, err := k.list(ctx)
	if err != nil {
		return nil, err
	}
	var out []carve.ServiceBlock
	for i := range all {
		for _, p := range prefixes(&all[i]) {
			out = append(out, carve.ServiceBlock{Prefix: p, Name: all[i].Name, Request: k.requestOf(&all[i])})
		}
	}
	return out, nil
}

func (k *Keeper) list(ctx context.Context) ([]networkingv1.ServiceCIDR, error) {
	list, err := k.Objects.ServiceCIDRs().List(ctx, metav1.ListOptions{})
	if apierrors.IsNotFound(err) {
		return nil, noAPI()
	}
	if err != nil {
		return nil, fmt.Errorf("listing ServiceCIDRs: %w", err)
	}
	return list.Items, nil
}

// noAPI: to list a kind that exists is never "not found".
func noAPI() error { return carve.NoServiceCIDRs() }

// IsNoAPI is true for an error that the API server has no ServiceCIDRs.
func IsNoAPI(err error) bool {
	no, ok := errors.AsType[*conditions.Refusal](err)
	return ok && no.Reason == v1alpha1.ReasonNoServiceCIDR
}

func prefixes(s *networkingv1.ServiceCIDR) (out []netip.Prefix) {
	for _, p := range v1alpha1.ParseCIDRs(s.Spec.CIDRs) {
		out = append(out, p.Masked()) // an old API server may have let host bits through
	}
	return out
}

func isLeaving(s *networkingv1.ServiceCIDR) bool { return !s.DeletionTimestamp.IsZero() }
