package apiserver

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"
)

// NodeIPAM are the settings of kube-controller-manager's nodeipam, the
// allocator that vpcnative takes the place of.
type NodeIPAM struct {
	ClusterCIDR netip.Prefix
	// NodeMaskSize is the prefix length of a node's range; at most 16 longer
	// than that of ClusterCIDR.
	NodeMaskSize int
	// QPS and Burst limit its client; zero leaves its own limits (20 and 30).
	QPS, Burst int
}

// NodeIPAMLease is the Lease in kube-system that a running nodeipam holds.
const NodeIPAMLease = "kube-controller-manager"

// StartNodeIPAM runs kube-controller-manager with that one controller. It
// returns at once: the first podCIDR shows that it works, and Process.Err says
// whether it ended. It needs a control plane whose Lease nobody holds.
func (s *Server) StartNodeIPAM(o NodeIPAM) (*Process, error) {
	args := []string{
		"--controllers=node-ipam-controller",
		"--allocate-node-cidrs=true",
		"--cluster-cidr=" + o.ClusterCIDR.String(),
		"--node-cidr-mask-size=" + strconv.Itoa(o.NodeMaskSize),
		"--leader-elect=true",
	}
	if o.QPS > 0 {
		args = append(args, fmt.Sprintf("--kube-api-qps=%d", o.QPS))
	}
	if o.Burst > 0 {
		args = append(args, fmt.Sprintf("--kube-api-burst=%d", o.Burst))
	}
	return s.runControllerManager(args...)
}

// runControllerManager runs kube-controller-manager as an administrator.
func (s *Server) runControllerManager(args ...string) (*Process, error) {
	binary, err := Asset("kube-controller-manager")
	if err != nil {
		return nil, err
	}
	args = append([]string{
		"--kubeconfig=" + s.KubeconfigFile,
		"--authentication-kubeconfig=" + s.KubeconfigFile,
		"--authorization-kubeconfig=" + s.KubeconfigFile,
		"--bind-address=127.0.0.1",
		"--secure-port=0", // nothing is served
	}, args...)
	return s.Run(fmt.Sprintf("kube-controller-manager-%d", time.Now().UnixNano()), binary, args...)
}
