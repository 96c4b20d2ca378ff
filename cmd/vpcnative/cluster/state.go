package cluster

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// State is what the cluster holds.
type State struct {
	Networks []v1alpha1.Network
	Requests []v1alpha1.RangeRequest
	Nodes    []corev1.Node
	// Services are a file's.
	Services []corev1.Service

	said map[string]*unstructured.Unstructured // a file's objects as it has them
}

// pageSize is how many objects are asked for at a time.
const pageSize = 500

// Networks reads these alone.
func Networks(ctx context.Context, c client.Reader) ([]v1alpha1.Network, error) {
	var list v1alpha1.NetworkList
	if err := c.List(ctx, &list); err != nil {
		return nil, listing("Networks", err)
	}
	return list.Items, nil
}

// Read reads Networks, RangeRequests and Nodes.
func Read(ctx context.Context, c client.Reader) (State, error) {
	var out State
	var err error
	if out.Networks, err = Networks(ctx, c); err != nil {
		return out, err
	}
	var requests v1alpha1.RangeRequestList
	if err := c.List(ctx, &requests); err != nil {
		return out, listing("RangeRequests", err)
	}
	out.Requests = requests.Items
	for next := ""; ; {
		var nodes corev1.NodeList
		if err := c.List(ctx, &nodes, client.Limit(pageSize), client.Continue(next)); err != nil {
			return out, listing("Nodes", err)
		}
		out.Nodes = append(out.Nodes, nodes.Items...)
		if next = nodes.Continue; next == "" {
			return out, nil
		}
	}
}

func listing(what string, err error) error {
	if meta.IsNoMatchError(err) && (what == "Networks" || what == "RangeRequests") {
		return fmt.Errorf("listing %s: %w; is vpcnative installed in this cluster? Its CRDs are in deploy/crds", what, err)
	}
	return fmt.Errorf("listing %s: %w", what, err)
}

// ServiceCIDRs returns the cluster's ranges of ClusterIPs. Where the API server
// has no such objects, IsMissingKind reports so of the error.
func ServiceCIDRs(ctx context.Context, c client.Reader) ([]networkingv1.ServiceCIDR, error) {
	var list networkingv1.ServiceCIDRList
	if err := c.List(ctx, &list); err != nil {
		return nil, listing("ServiceCIDRs", err)
	}
	return list.Items, nil
}

// IPAddresses returns the ClusterIPs that are allocated.
func IPAddresses(ctx context.Context, c client.Reader) (out []networkingv1.IPAddress, err error) {
	for next := ""; ; {
		var list networkingv1.IPAddressList
		if err := c.List(ctx, &list, client.Limit(pageSize), client.Continue(next)); err != nil {
			return nil, ignoreMissingKind(listing("IPAddresses", err))
		}
		out = append(out, list.Items...)
		if next = list.Continue; next == "" {
			return out, nil
		}
	}
}

func ignoreMissingKind(err error) error {
	if IsMissingKind(err) {
		return nil
	}
	return err
}

// IsMissingKind is true for the error of a list that the API server has no
// objects of that kind.
func IsMissingKind(err error) bool { return meta.IsNoMatchError(err) || apierrors.IsNotFound(err) }
