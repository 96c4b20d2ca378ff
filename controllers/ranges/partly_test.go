package ranges

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// TestASubnetWithoutRoomKeepsItFromNoOther: and the status says where, and why.
func TestASubnetWithoutRoomKeepsItFromNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t, request("pods", 24))
	w.subnets = []string{"a", "b", "c"}
	w.full = "b"
	w.reconcile("pods")
	w.want("pods", v1alpha1.ReasonPartlyGranted, 2, "10.0.0.0/24", "10.0.1.0/24")
	w.event(v1alpha1.ReasonPartlyGranted)
	r := w.get("pods")
	if got := fmt.Sprint(r.Status.Ranges[0].Subnet, r.Status.Ranges[1].Subnet); got != "ac" {
		t.Errorf("they are in %s", got)
	}
	if s := r.Status.Subnets; len(s) != 1 || s[0].Name != "b" || s[0].Reason != string(cloud.LimitExceeded) || s[0].Message == "" {
		t.Errorf("status.subnets is %+v", s)
	}
	w.full = ""
	w.now = w.now.Add(time.Minute)
	w.reconcile("pods")
	w.want("pods", "Ready", 3, "10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24")
	if s := w.get("pods").Status.Subnets; len(s) > 0 {
		t.Errorf("status.subnets is %+v", s)
	}
}

// TestWhereNoSubnetIsServedItIsRefused: nothing is granted in part that is not
// granted at all.
func TestWhereNoSubnetIsServedItIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, request("pods", 24))
	w.full = "a"
	w.reconcile("pods")
	w.want("pods", string(cloud.LimitExceeded), 0)
	if s := w.get("pods").Status.Subnets; len(s) != 1 || s[0].Name != "a" {
		t.Errorf("status.subnets is %+v", s)
	}
	if c := meta.FindStatusCondition(w.get("pods").Status.Conditions, v1alpha1.ConditionReady); c == nil || c.Message == "" {
		t.Errorf("Ready is %+v", c)
	}
}
