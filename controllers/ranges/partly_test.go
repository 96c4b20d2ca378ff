package ranges

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/prefix"
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

// TestRoomIsWhatCanBeAttached: an address in use keeps its piece from every
// node, unless a node has the piece.
func TestRoomIsWhatCanBeAttached(t *testing.T) {
	t.Parallel()
	s := cloud.Snapshot{Traits: ec2, Subnets: []cloud.Subnet{subnetOf("a", "10.0.0.0/24", "10.0.0.0/30", "10.0.0.65/32", "10.0.0.81/32", "10.0.0.96/28", "10.0.0.200/32")}}
	held := netip.MustParsePrefix("10.0.0.96/28")
	r := withRanges("10.0.0.64/26")
	u := useOf(r)
	u.Held, u.Sizes = []netip.Prefix{held}, map[int]int{28: 1}
	u.By[netip.MustParsePrefix("10.0.0.64/26")] = prefix.NewCount(16)
	u.without(Unattachable(v1alpha1.Prefixes(r.Status.Ranges), s, u.Held))
	room, largest := Forecast(r, u)
	if got := fmt.Sprint(room, " ", largest); got != "[{28 1 1}] [10.0.0.112/28]" {
		t.Errorf("got %s", got)
	}
	if got := u.usable(netip.MustParsePrefix("10.0.0.64/26")).String(); got != "32" {
		t.Errorf("%s addresses can be in use", got)
	}
	for cidr, want := range map[string]string{"10.0.0.64/26": "2", "10.0.0.128/26": "4", "10.0.0.192/28": "0"} {
		if got := Feeds(netip.MustParsePrefix(cidr), 28, s, u.Held).String(); got != want {
			t.Errorf("%s feeds %s nodes, want %s", cidr, got, want)
		}
	}
}
