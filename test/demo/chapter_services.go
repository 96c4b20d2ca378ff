package main

import (
	"context"
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// filling Services take the range of 14 past its threshold: the API server
	// has one address for itself.
	filling = 10
	// beyond is how many ClusterIPs are to come out of the second range.
	beyond = 5
	// mostServices bounds the tries: the API server takes any ServiceCIDR
	// that has room, at random.
	mostServices = 60
)

// services has the API server's own range adopted, filled and grown.
func (s *stage) services(ctx context.Context) error {
	s.screen.quote(s.yaml("services"))
	if err := s.east.apply(ctx, s.yaml("services")); err != nil {
		return err
	}
	if err := s.until(ctx, "waiting for the range to be reserved", s.east.granted(ctx, "services")); err != nil {
		return err
	}
	s.note("Ten Services, whose ClusterIPs the API server allocates:")
	for range filling {
		if _, err := s.expose(ctx); err != nil {
			return err
		}
	}
	var further netip.Prefix
	if err := s.until(ctx, "waiting for a second ServiceCIDR; ClusterIPs are counted every 5s", func() (err error) {
		further, err = s.secondServiceCIDR(ctx)
		return err
	}); err != nil {
		return err
	}
	s.note("More Services, until %d ClusterIPs are in %s:", beyond, further)
	for made, got := 0, 0; got < beyond; made++ {
		if made == mostServices {
			return fmt.Errorf("of %d further ClusterIPs %d came out of %s, want %d", made, got, further, beyond)
		}
		ip, err := s.expose(ctx)
		if err != nil {
			return err
		}
		if further.Contains(ip) {
			got++
		}
	}
	return s.until(ctx, "waiting to see them", s.board.exposed(s.exposures))
}

func exposed(i int) string { return fmt.Sprintf("web-%d", i) }

// expose makes a Service and gives its ClusterIP.
func (s *stage) expose(ctx context.Context) (ip netip.Addr, err error) {
	s.exposures++
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: exposed(s.exposures)},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}},
	}
	// The API server learns by and by of a new ServiceCIDR.
	err = s.until(ctx, "making Services", func() error { return s.east.api.Create(ctx, service) })
	if err != nil {
		return ip, err
	}
	return netip.ParseAddr(service.Spec.ClusterIP)
}

// secondServiceCIDR gives the range that growth carved, once the API server
// allocates from it.
func (s *stage) secondServiceCIDR(ctx context.Context) (p netip.Prefix, err error) {
	g, err := s.east.grown(ctx, "services")
	if err != nil {
		return p, err
	}
	c := &networkingv1.ServiceCIDR{}
	if err := s.east.api.Get(ctx, client.ObjectKey{Name: g.ServiceCIDR}, c); err != nil {
		return p, err
	}
	if !isServed(c) {
		return p, fmt.Errorf("ServiceCIDR %s is not Ready: %+v", c.Name, c.Status.Conditions)
	}
	return netip.ParsePrefix(g.CIDR)
}
