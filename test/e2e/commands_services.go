package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// serviceNamespace is where the stories' Services are.
const serviceNamespace = "default"

// service-cidr-controller: starts kube-controller-manager's, until the story
// ends.
func cmdServiceCIDRController(ts *testscript.TestScript, _ bool, _ []string) {
	w := worldOf(ts)
	p, err := w.Server.StartServiceCIDRs()
	ts.Check(err)
	w.aside = append(w.aside, p)
}

// service NAME [ip=A]
func cmdService(ts *testscript.TestScript, _ bool, args []string) {
	o := options(ts, args[1:])
	_, err := worldOf(ts).service(args[0], o["ip"])
	ts.Check(err)
}

func (w *World) service(name, ip string) (netip.Addr, error) {
	s := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: serviceNamespace, Name: name},
		Spec:       corev1.ServiceSpec{ClusterIP: ip, Ports: []corev1.ServicePort{{Port: 80}}},
	}
	// The API server learns of a new ServiceCIDR by and by.
	err := Eventually(patience, func() error { return w.API.Create(context.Background(), s) })
	if err != nil {
		return netip.Addr{}, err
	}
	return netip.ParseAddr(s.Spec.ClusterIP)
}

// fill CIDR N: makes Services, and has the API server choose their ClusterIPs,
// until N of them came out of the prefix.
func cmdFill(ts *testscript.TestScript, _ bool, args []string) {
	p := netip.MustParsePrefix(args[0])
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	w := worldOf(ts)
	const most = 200 // it takes any ServiceCIDR with room, at random
	for i, got := 0, 0; got < want; i++ {
		if i == most {
			ts.Fatalf("of %d ClusterIPs %d came out of %s, want %d\n%s", i, got, p, want, w.Logs())
		}
		w.filled++
		ip, err := w.service(fmt.Sprintf("fill-%d", w.filled), "")
		ts.Check(err)
		if p.Contains(ip) {
			got++
		}
	}
}

// drain: deletes the Services that fill made.
func cmdDrain(ts *testscript.TestScript, _ bool, _ []string) {
	w := worldOf(ts)
	for ; w.filled > 0; w.filled-- {
		ts.Check(deleteObject(w.API, "service", fmt.Sprintf("fill-%d", w.filled)))
	}
}

// cleanServices takes away what stories about Services leave behind, with no
// controller there to do its part.
func (w *World) cleanServices(ctx context.Context) error {
	var services corev1.ServiceList
	var cidrs networkingv1.ServiceCIDRList
	if err := errors.Join(w.API.List(ctx, &services, client.InNamespace(serviceNamespace)), w.API.List(ctx, &cidrs)); err != nil {
		return err
	}
	for i := range services.Items {
		s := &services.Items[i]
		if s.Name == "kubernetes" {
			continue
		}
		if err := w.API.Delete(ctx, s); client.IgnoreNotFound(err) != nil {
			return err
		}
		if len(s.Finalizers) > 0 {
			patch := client.MergeFrom(s.DeepCopy())
			s.Finalizers = nil
			if err := w.API.Patch(ctx, s, patch); client.IgnoreNotFound(err) != nil {
				return err
			}
		}
	}
	for i := range cidrs.Items {
		s := &cidrs.Items[i]
		if s.Name == "kubernetes" {
			continue
		}
		patch := client.MergeFrom(s.DeepCopy())
		s.Finalizers = nil
		err := errors.Join(client.IgnoreNotFound(w.API.Patch(ctx, s, patch)), client.IgnoreNotFound(w.API.Delete(ctx, s)))
		if err != nil {
			return err
		}
	}
	return nil
}
