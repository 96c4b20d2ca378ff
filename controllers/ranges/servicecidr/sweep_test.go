package servicecidr

import (
	"fmt"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/test/apiserver"
)

// TestSweep: a ServiceCIDR whose request is gone goes after a while, unless an
// address needs it; what a request has stays.
func TestSweep(t *testing.T) {
	k, clients := keeper(t, apiserver.Shared(t))
	k.ClusterID, k.Doubt = "swept", 100*time.Millisecond
	kept, lost, narrowed, leaving := request("kept", "10.50.0.0/28"), request("lost", "10.50.0.16/28"), request("narrowed", "10.50.0.32/28"), request("leaving", "10.50.0.48/28")
	names := map[string]string{}
	for _, r := range []*v1alpha1.RangeRequest{kept, lost, narrowed, leaving} {
		names[r.Name] = ensure(t, k, r).Name
	}
	other, _ := keeper(t, apiserver.Shared(t))
	other.ClusterID = "another"
	theirs := request("theirs", "10.50.0.64/28")
	names["theirs"] = ensure(t, other, theirs).Name
	service(t, clients, "lost", "10.50.0.25")

	narrowed.Status.Ranges = nil
	there := []v1alpha1.RangeRequest{*kept, *narrowed, *deleted(leaving)}
	if err := k.Sweep(t.Context(), there); err != nil {
		t.Fatalf("at the first look: %v", err)
	}
	eventually(t, func() error {
		err := k.Sweep(t.Context(), there)
		if _, gone := k.Objects.ServiceCIDRs().Get(t.Context(), names["narrowed"], metav1.GetOptions{}); !apierrors.IsNotFound(gone) {
			return fmt.Errorf("%s is there: %v, %v", names["narrowed"], gone, err)
		}
		wantRefusal(t, err, v1alpha1.ReasonInUse, "default/lost")
		return nil
	})
	remove(t, clients, "lost")
	eventually(t, func() error {
		if err := k.Sweep(t.Context(), there); err != nil {
			return err
		}
		if _, gone := k.Objects.ServiceCIDRs().Get(t.Context(), names["lost"], metav1.GetOptions{}); !apierrors.IsNotFound(gone) {
			return fmt.Errorf("%s is there: %v", names["lost"], gone)
		}
		return nil
	})
	for _, name := range []string{"kept", "leaving", "theirs"} {
		if s, err := k.Objects.ServiceCIDRs().Get(t.Context(), names[name], metav1.GetOptions{}); err != nil || isLeaving(s) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	released(t, k, kept)
	released(t, k, leaving)
	released(t, other, theirs)
}

// TestSweepBuriesWhatWasReplaced: one that somebody deleted goes once another
// serves its range, at the sweep and not at the next grant.
func TestSweepBuriesWhatWasReplaced(t *testing.T) {
	k, clients := keeper(t, apiserver.Shared(t))
	k.ClusterID, k.Doubt = "buried", 100*time.Millisecond
	r := request("buried", "10.51.0.0/28")
	first := ensure(t, k, r)
	if err := k.Objects.ServiceCIDRs().Delete(t.Context(), first.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	second := ensure(t, k, r)
	service(t, clients, "buried", "10.51.0.7")
	eventually(t, func() error {
		if err := k.Sweep(t.Context(), []v1alpha1.RangeRequest{*r}); err != nil {
			return err
		}
		_, err := k.Objects.ServiceCIDRs().Get(t.Context(), first.Name, metav1.GetOptions{})
		if !apierrors.IsNotFound(err) {
			return fmt.Errorf("ServiceCIDR %s: %v, want it gone", first.Name, err)
		}
		return nil
	})
	if s, err := k.Objects.ServiceCIDRs().Get(t.Context(), second.Name, metav1.GetOptions{}); err != nil || isLeaving(s) {
		t.Errorf("%s: %v, %v", second.Name, s, err)
	}
	remove(t, clients, "buried")
	released(t, k, r)
}
