package masquerade

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

func TestWhatKnowsTheWayBackIsNative(t *testing.T) {
	t.Parallel()
	at := func(kind cloud.Kind, p string) cloud.Occupied {
		return cloud.Occupied{Prefix: netip.MustParsePrefix(p), Kind: kind}
	}
	first := cloud.Snapshot{Occupied: []cloud.Occupied{
		at(cloud.Prohibited, "0.0.0.0/8"), at(cloud.SubnetPrimary, "10.0.0.0/20"), at(cloud.SecondaryRange, "10.4.0.0/15"),
		at(cloud.PeeringRoute, "44.0.0.0/16"), // addresses of the internet, used privately behind the peering
		at(cloud.StaticRoute, "172.20.0.0/16"), at(cloud.StaticRoute, "8.8.8.0/24"),
		at(cloud.Reservation, "10.90.0.0/16"), at(cloud.ProxyOnly, "10.91.0.0/23"), at(cloud.SubnetPrimary, "fd20::/64"),
	}}
	second := cloud.Snapshot{Occupied: []cloud.Occupied{at(cloud.SubnetPrimary, "10.0.16.0/20")}}
	granted := v1alpha1.RangeRequest{Spec: v1alpha1.RangeRequestSpec{Purpose: v1alpha1.Pods}}
	granted.Status.Ranges = []v1alpha1.GrantedRange{{CIDR: "10.6.0.0/15"}}
	const four = "[10.0.0.0/19 10.4.0.0/14 10.90.0.0/16 10.91.0.0/23 44.0.0.0/16 172.20.0.0/16"
	got := Native([]cloud.Snapshot{first, second}, []v1alpha1.RangeRequest{granted})
	if fmt.Sprint(got) != four+"]" {
		t.Errorf("got %v, want %s]", got, four)
	}
	granted.Spec.IPFamilies = []v1alpha1.Family{v1alpha1.IPv4, v1alpha1.IPv6}
	got = Native([]cloud.Snapshot{first, second}, []v1alpha1.RangeRequest{granted})
	if fmt.Sprint(got) != four+" fd20::/64]" {
		t.Errorf("with IPv6 pods got %v", got)
	}
}

// A VPC of EC2 is native as a whole: a subnet may be made in its blocks at any
// time.
func TestTheBlocksOfAVPCAreNative(t *testing.T) {
	t.Parallel()
	s := cloud.Snapshot{Blocks: []netip.Prefix{netip.MustParsePrefix("10.2.0.0/16"), netip.MustParsePrefix("100.64.0.0/16")},
		Occupied: []cloud.Occupied{{Prefix: netip.MustParsePrefix("10.2.0.0/20"), Kind: cloud.SubnetPrimary}, {Prefix: netip.MustParsePrefix("10.2.8.0/24"), Kind: cloud.SubnetReservation}}}
	if got := fmt.Sprint(Native([]cloud.Snapshot{s}, nil)); got != "[10.2.0.0/16 100.64.0.0/16]" {
		t.Errorf("got %s", got)
	}
}

func TestFileSaysWhatTheAgentReads(t *testing.T) {
	t.Parallel()
	var many []netip.Prefix
	for i := range 65 {
		many = append(many, netip.MustParsePrefix(fmt.Sprintf("10.%d.0.0/24", i)))
	}
	for n, want := range map[int]string{
		0:  "masqLinkLocal: false\nnonMasqueradeCIDRs: []\nresyncInterval: 60s\n",
		1:  "masqLinkLocal: false\nnonMasqueradeCIDRs:\n- 10.0.0.0/24\nresyncInterval: 60s\n",
		64: "masqLinkLocal: false\n",
		65: "cidrLimit: 65\nmasqLinkLocal: false\n", // by itself the agent takes 64 and refuses more
	} {
		text, err := Render(many[:n])
		if err != nil || !strings.HasPrefix(text, want) {
			t.Errorf("%d destinations: %v, %q, want %q", n, err, text, want)
		}
		if back, err := Parse(text); err != nil || fmt.Sprint(back) != fmt.Sprint(many[:n]) {
			t.Errorf("%d destinations read back: %v, %v", n, back, err)
		}
	}
}

func TestWhatIsNoFileIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"nonMasqueradeCIDRs: 7", "nonMasqueradeCIDRs: [x]", "\t"} {
		if got, err := Parse(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
	if got, err := parseList(" 10.0.0.0/8 , 172.16.0.0/12"); err != nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := parseList("10.0.0.0/8,,"); err == nil {
		t.Error("an empty word was read as a prefix")
	}
}
