package preview

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// proxyIn takes the region's proxy-only subnet for the active one. A status
// does not tell, and nearly always there is one.
func proxyIn(s cloud.Snapshot, region string) *cloud.ProxySubnet {
	for _, o := range s.Occupied {
		if name, here := strings.CutPrefix(o.Name, region+"/"); here && o.Kind == cloud.ProxyOnly {
			return &cloud.ProxySubnet{Name: name, Prefix: o.Prefix}
		}
	}
	return nil
}

// proxyWarnings say what a status does not tell about proxy-only subnets,
// where one is asked for.
func proxyWarnings(n *v1alpha1.Network, requests []Request) []string {
	if !slices.ContainsFunc(requests, func(q Request) bool { return q.Purpose == v1alpha1.Proxy }) {
		return nil
	}
	seen := 0
	for _, o := range n.Status.Occupied {
		if o.Kind == string(cloud.ProxyOnly) && strings.HasPrefix(o.Name, region(n)+"/") {
			seen++
		}
	}
	switch seen {
	case 0:
		return []string{"the status does not list a proxy-only subnet outside the supernets; an active one would be used; " + ask}
	case 1:
		return []string{"the status does not show whether the region's proxy-only subnet is the active one; " + ask}
	}
	return []string{fmt.Sprintf("the status does not show which of the region's %d proxy-only subnets is the active one; %s", seen, ask)}
}
