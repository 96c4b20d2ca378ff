package servicecidr

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
	"github.com/vpcnative/vpcnative/ipam/prefix"
	"github.com/vpcnative/vpcnative/test/apiserver"
)

func TestMain(m *testing.M) { apiserver.Main(m, apiserver.Options{}) }

// grace is short: no kube-controller-manager runs here, whose own is 10 s.
const grace = 300 * time.Millisecond

func keeper(t *testing.T, s *apiserver.Server) (*Keeper, kubernetes.Interface) {
	t.Helper()
	clients, err := kubernetes.NewForConfig(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	meta, err := metadata.NewForConfig(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{Objects: clients.NetworkingV1(), Metadata: meta, ClusterID: "c1", Grace: grace}), clients
}

func request(name, cidr string) *v1alpha1.RangeRequest {
	return &v1alpha1.RangeRequest{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       v1alpha1.RangeRequestSpec{Purpose: v1alpha1.Services},
		Status:     v1alpha1.RangeRequestStatus{Ranges: []v1alpha1.GrantedRange{{CIDR: cidr}}},
	}
}

func deleted(r *v1alpha1.RangeRequest) *v1alpha1.RangeRequest {
	out := r.DeepCopy()
	now := metav1.Now()
	out.DeletionTimestamp = &now
	return out
}

// service makes a Service at an address, once the API server allocates there.
func service(t *testing.T, clients kubernetes.Interface, name, ip string) {
	t.Helper()
	svc := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       corev1.ServiceSpec{ClusterIP: ip, Ports: []corev1.ServicePort{{Port: 80}}},
	}
	eventually(t, func() error {
		_, err := clients.CoreV1().Services("default").Create(t.Context(), svc, metav1.CreateOptions{})
		return err
	})
	t.Cleanup(func() { remove(t, clients, name) })
}

func remove(t *testing.T, clients kubernetes.Interface, service string) {
	t.Helper()
	err := clients.CoreV1().Services("default").Delete(context.Background(), service, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Error(err)
	}
}

func eventually(t *testing.T, check func() error) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// released deletes the request and releases it until all is gone.
func released(t *testing.T, k *Keeper, r *v1alpha1.RangeRequest) {
	t.Helper()
	eventually(t, func() error {
		gone, err := k.Release(t.Context(), deleted(r))
		if err == nil && !gone {
			err = fmt.Errorf("what was made for %s is not gone", r.Name)
		}
		return err
	})
}

// gone removes until it is.
func gone(t *testing.T, k *Keeper, r *v1alpha1.RangeRequest) {
	t.Helper()
	eventually(t, func() error {
		gone, err := k.Remove(t.Context(), r, r.Status.Ranges[0])
		if err == nil && !gone {
			err = fmt.Errorf("%s is not gone", r.Status.Ranges[0].CIDR)
		}
		return err
	})
}

func ensure(t *testing.T, k *Keeper, r *v1alpha1.RangeRequest) *networkingv1.ServiceCIDR {
	t.Helper()
	if err := k.Ensure(t.Context(), r, &r.Status.Ranges[0]); err != nil {
		t.Fatal(err)
	}
	s, err := k.Objects.ServiceCIDRs().Get(t.Context(), r.Status.Ranges[0].ServiceCIDR, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wantRefusal(t *testing.T, err error, reason string, texts ...string) {
	t.Helper()
	no, ok := err.(*conditions.Refusal)
	if !ok || no.Reason != reason {
		t.Fatalf("got %v, want a refusal %s", err, reason)
	}
	for _, text := range texts {
		if !strings.Contains(no.Text, text) {
			t.Errorf("the refusal %q does not say %q", no.Text, text)
		}
	}
}

func TestClusterIPsComeOutOfTheRange(t *testing.T) {
	k, clients := keeper(t, apiserver.Shared(t))
	r := request("fresh", "10.40.0.0/28")
	s := ensure(t, k, r)
	if s.Name != "fresh-10.40.0.0-28" || !k.isOf(s, r) {
		t.Errorf("made %s with %v", s.Name, s.Annotations)
	}
	service(t, clients, "fresh", "10.40.0.5")
	use, err := k.Use(t.Context(), r)
	if err != nil || use.Allocated[netip.MustParsePrefix("10.40.0.0/28")] != prefix.NewCount(1) {
		t.Errorf("in use %v, %v; want 1", use, err)
	}
	blocks, err := k.Occupied(t.Context())
	for _, want := range []carve.ServiceBlock{
		{Prefix: netip.MustParsePrefix("10.40.0.0/28"), Name: s.Name, Request: "fresh"},
		{Prefix: netip.MustParsePrefix(apiserver.ServiceRange), Name: "kubernetes"},
	} {
		if err != nil || !slices.Contains(blocks, want) {
			t.Errorf("occupied are %v, %v; %v is missing", blocks, err, want)
		}
	}

	// Again is nothing.
	if again := ensure(t, k, r); again.ResourceVersion != s.ResourceVersion || again.Name != s.Name {
		t.Errorf("ensured again, %s became %s", s.ResourceVersion, again.ResourceVersion)
	}
	remove(t, clients, "fresh")
	released(t, k, r)
}

// A ServiceCIDR of both families is adopted by who names its IPv4 block: that
// alone is counted, both are kept clear of, and it is never edited.
func TestAServiceCIDROfBothFamiliesIsAdopted(t *testing.T) {
	k, clients := keeper(t, apiserver.Shared(t))
	const four, six = "10.47.0.0/28", "fd47::/120"
	theirs := &networkingv1.ServiceCIDR{ObjectMeta: metav1.ObjectMeta{Name: "both"}, Spec: networkingv1.ServiceCIDRSpec{CIDRs: []string{four, six}}}
	theirs, err := clients.NetworkingV1().ServiceCIDRs().Create(t.Context(), theirs, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := request("dual", four)
	s := ensure(t, k, r)
	if s.Name != "both" || s.ResourceVersion != theirs.ResourceVersion {
		t.Errorf("it is served by %s, version %s, which was %s", s.Name, s.ResourceVersion, theirs.ResourceVersion)
	}
	blocks, err := k.Occupied(t.Context())
	for _, cidr := range []string{four, six} {
		if want := (carve.ServiceBlock{Prefix: netip.MustParsePrefix(cidr), Name: "both"}); err != nil || !slices.Contains(blocks, want) {
			t.Errorf("occupied are %v, %v; %v is missing", blocks, err, want)
		}
	}
	use, err := k.Use(t.Context(), r)
	if err != nil || len(use.Usable) != 1 || use.Usable[netip.MustParsePrefix(four)] != prefix.NewCount(14) {
		t.Errorf("usable are %v, %v", use.Usable, err)
	}
	released(t, k, r)
	if _, err := clients.NetworkingV1().ServiceCIDRs().Get(t.Context(), "both", metav1.GetOptions{}); err != nil {
		t.Errorf("released, it gives %v", err)
	}
	if err := clients.NetworkingV1().ServiceCIDRs().Delete(t.Context(), "both", metav1.DeleteOptions{}); err != nil {
		t.Error(err)
	}
}

func TestDeletionStopsAllocationAndWaitsForTheAddresses(t *testing.T) {
	k, clients := keeper(t, apiserver.Shared(t))
	r := request("drained", "10.41.0.0/28")
	name := ensure(t, k, r).Name
	service(t, clients, "holder", "10.41.0.9")
	_, err := k.Release(t.Context(), deleted(r))
	wantRefusal(t, err, v1alpha1.ReasonInUse, "default/holder (10.41.0.9)", "1 ClusterIPs")
	s, err := k.Objects.ServiceCIDRs().Get(t.Context(), name, metav1.GetOptions{})
	if err != nil || !isLeaving(s) {
		t.Fatalf("ServiceCIDR is %v, %v; want it to be deleted and there", s, err)
	}
	time.Sleep(2 * grace)
	if gone, err := k.Release(t.Context(), deleted(r)); gone || err == nil {
		t.Fatalf("gone %t, %v, though an address is in use", gone, err)
	}
	eventually(t, func() error { // the API server learns of it by and by
		_, err := clients.CoreV1().Services("default").Create(t.Context(), &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: "late"},
			Spec:       corev1.ServiceSpec{ClusterIP: "10.41.0.3", Ports: []corev1.ServicePort{{Port: 80}}},
		}, metav1.CreateOptions{})
		if err == nil {
			remove(t, clients, "late")
			return fmt.Errorf("the API server still allocates")
		}
		return nil
	})
	remove(t, clients, "holder")
	r.Status.Ranges = nil // the mark tells what is the request's
	released(t, k, r)
	if _, err := k.Objects.ServiceCIDRs().Get(t.Context(), s.Name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("ServiceCIDR %s: %v, want it gone", s.Name, err)
	}
}

func TestARangeInUseIsNotGivenBack(t *testing.T) {
	k, clients := keeper(t, apiserver.Shared(t))
	r := request("grown", "10.42.0.0/28")
	ensure(t, k, r)
	service(t, clients, "grown", "10.42.0.9")
	_, err := k.Remove(t.Context(), r, r.Status.Ranges[0])
	wantRefusal(t, err, v1alpha1.ReasonInUse, "default/grown")
	if s := ensure(t, k, r); isLeaving(s) {
		t.Error("it was deleted all the same")
	}
	remove(t, clients, "grown")
	gone(t, k, r)
}

func TestWhatOthersMadeIsAdoptedAndKept(t *testing.T) {
	k, clients := keeper(t, apiserver.Shared(t))
	_, err := clients.NetworkingV1().ServiceCIDRs().Create(t.Context(), &networkingv1.ServiceCIDR{
		ObjectMeta: metav1.ObjectMeta{Name: "by-hand", Annotations: map[string]string{clusterAnnotation: "another", requestAnnotation: "adopting"}},
		Spec:       networkingv1.ServiceCIDRSpec{CIDRs: []string{"10.43.0.0/28"}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = clients.NetworkingV1().ServiceCIDRs().Delete(context.Background(), "by-hand", metav1.DeleteOptions{})
	})
	for name, cidr := range map[string]string{"kubernetes": apiserver.ServiceRange, "by-hand": "10.43.0.0/28"} {
		before, err := k.Objects.ServiceCIDRs().Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		r := request("adopting", cidr)
		if s := ensure(t, k, r); s.Name != name {
			t.Errorf("%s is served by %s, want %s", cidr, s.Name, name)
		}
		if gone, err := k.Release(t.Context(), deleted(r)); !gone || err != nil {
			t.Errorf("removing what was adopted: %t, %v", gone, err)
		}
		after, err := k.Objects.ServiceCIDRs().Get(t.Context(), name, metav1.GetOptions{})
		if err != nil || after.UID != before.UID || after.ResourceVersion != before.ResourceVersion {
			t.Errorf("%s was %v, is %v, %v", name, before, after, err)
		}
	}
}

func TestAServiceCIDRMadeMeanwhileIsNotOverlapped(t *testing.T) {
	k, _ := keeper(t, apiserver.Shared(t))
	other := request("earlier", "10.44.0.0/27")
	ensure(t, k, other)
	r := request("later", "10.44.0.16/28")
	wantRefusal(t, k.Ensure(t.Context(), r, &r.Status.Ranges[0]), v1alpha1.ReasonOverlap, "10.44.0.0/27", "earlier-10.44.0.0-27")
	released(t, k, other)
}

func TestADeletionByHandIsMended(t *testing.T) {
	k, clients := keeper(t, apiserver.Shared(t))
	r := request("mended", "10.45.0.0/28")
	first := ensure(t, k, r)
	service(t, clients, "mended", "10.45.0.7")
	if err := k.Objects.ServiceCIDRs().Delete(t.Context(), first.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if use, err := k.Use(t.Context(), r); err != nil || !use.Unserved {
		t.Errorf("use is %v, %v; want it unserved", use, err)
	}
	second := ensure(t, k, r)
	if use, err := k.Use(t.Context(), r); err != nil || use.Unserved {
		t.Errorf("use is %v, %v; want it served", use, err)
	}
	if second.Name == first.Name || isLeaving(second) {
		t.Fatalf("%s took the place of %s", second.Name, first.Name)
	}
	service(t, clients, "mended-2", "10.45.0.8")
	eventually(t, func() error { // its address has the second to live in
		ensure(t, k, r)
		_, err := k.Objects.ServiceCIDRs().Get(t.Context(), first.Name, metav1.GetOptions{})
		if !apierrors.IsNotFound(err) {
			return fmt.Errorf("ServiceCIDR %s: %v, want it gone", first.Name, err)
		}
		return nil
	})
	remove(t, clients, "mended")
	remove(t, clients, "mended-2")
	released(t, k, r)
}

func TestAServiceCIDRThatIsNotReadyIsSaidSo(t *testing.T) {
	k, _ := keeper(t, apiserver.Shared(t))
	r := request("unready", "10.47.0.0/28")
	s := ensure(t, k, r)
	s.Status.Conditions = []metav1.Condition{{
		Type: networkingv1.ServiceCIDRConditionReady, Status: metav1.ConditionFalse, Reason: "Broken", Message: "by the test", LastTransitionTime: metav1.Now(),
	}}
	s, err := k.Objects.ServiceCIDRs().UpdateStatus(t.Context(), s, metav1.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, k.Ensure(t.Context(), r, &r.Status.Ranges[0]), v1alpha1.ReasonServiceCIDRNotReady, s.Name, "Broken: by the test", "service-cidr-controller")
	if r.Status.Ranges[0].ServiceCIDR != s.Name {
		t.Errorf("the status names %q", r.Status.Ranges[0].ServiceCIDR)
	}
	released(t, k, r)
}

func TestRetainLeavesAServiceCIDRWithNothingOfOurs(t *testing.T) {
	k, clients := keeper(t, apiserver.Shared(t))
	r := request("retained", "10.46.0.0/28")
	r.Spec.DeletionPolicy = v1alpha1.Retain
	name := ensure(t, k, r).Name
	service(t, clients, "retained", "10.46.0.7")
	released(t, k, r)
	s, err := k.Objects.ServiceCIDRs().Get(t.Context(), name, metav1.GetOptions{})
	if err != nil || isLeaving(s) || len(s.Annotations)+len(s.Finalizers)+len(s.Labels) > 0 {
		t.Errorf("ServiceCIDR is %v, %v", s, err)
	}
	remove(t, clients, "retained")
	if err := k.Objects.ServiceCIDRs().Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Error(err)
	}
}
