package apiserver

// ServiceRange is the default of --service-cluster-ip-range, the range of
// ServiceCIDR `kubernetes`. envtest's own, 10.0.0.0/24, lies in the space that
// most tests carve.
const ServiceRange = "172.20.0.0/24"

// StartServiceCIDRs runs kube-controller-manager with its
// service-cidr-controller alone, which makes ServiceCIDRs ready, and keeps
// those that are deleted while addresses need them. It needs no Lease.
func (s *Server) StartServiceCIDRs() (*Process, error) {
	return s.runControllerManager("--controllers=service-cidr-controller", "--leader-elect=false")
}

// StartEndpointSlices runs kube-controller-manager with its
// endpointslice-controller alone. It needs no Lease.
func (s *Server) StartEndpointSlices() (*Process, error) {
	return s.runControllerManager("--controllers=endpointslice-controller", "--leader-elect=false")
}

// WithoutServiceCIDRs are flags of an API server that has no ServiceCIDRs and
// no IPAddresses. It emulates 1.33, the last version that can be without.
func WithoutServiceCIDRs() map[string][]string {
	return map[string][]string{
		"emulated-version": {"1.33"},
		"feature-gates":    {"MultiCIDRServiceAllocator=false,DisableAllocatorDualWrite=false"},
		"runtime-config":   {"networking.k8s.io/v1/servicecidrs=false,networking.k8s.io/v1/ipaddresses=false"},
	}
}
