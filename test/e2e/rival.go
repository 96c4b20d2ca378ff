package e2e

import (
	"context"
	"net/netip"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/test/apiserver"
)

// nodeipam start CIDR NODELENGTH | nodeipam stop: kube-controller-manager's
// allocator, which a cluster that moves over may have left on.
func cmdNodeIPAM(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	if args[0] == "stop" {
		ts.Check(w.stopNodeIPAM(context.Background()))
		return
	}
	length, err := strconv.Atoi(args[2])
	ts.Check(err)
	w.nodeipam, err = w.Server.StartNodeIPAM(apiserver.NodeIPAM{ClusterCIDR: netip.MustParsePrefix(args[1]), NodeMaskSize: length})
	ts.Check(err)
}

// stopNodeIPAM kills it, and takes its Lease away, for which the next one
// would wait.
func (w *World) stopNodeIPAM(ctx context.Context) error {
	if w.nodeipam == nil {
		return nil
	}
	_ = w.nodeipam.Kill()
	<-w.nodeipam.Done()
	w.nodeipam = nil
	lease := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: apiserver.NodeIPAMLease, Namespace: metav1.NamespaceSystem}}
	lease.SetGroupVersionKind(leaseKind)
	return client.IgnoreNotFound(w.API.Delete(ctx, lease))
}
