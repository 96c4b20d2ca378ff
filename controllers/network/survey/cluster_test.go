package survey

import (
	"net/netip"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
)

func TestServiceCIDRsAreOccupiedOnce(t *testing.T) {
	t.Parallel()
	reserved := cloud.Occupied{Prefix: netip.MustParsePrefix("10.0.16.0/20"), Kind: cloud.SecondaryRange, Name: "r/nodes/vn"}
	before := cloud.Snapshot{Occupied: []cloud.Occupied{reserved}}
	got := withCluster(before, Around{ServiceCIDRs: []ServiceCIDR{
		{Name: "services-10.0.16.0-20", Prefix: reserved.Prefix},
		{Name: "kubernetes", Prefix: netip.MustParsePrefix("10.96.0.0/12")},
	}})
	want := cloud.Occupied{Prefix: netip.MustParsePrefix("10.96.0.0/12"), Kind: kindServiceCIDR, Name: "kubernetes"}
	if len(got.Occupied) != 2 || got.Occupied[0] != reserved || got.Occupied[1] != want || len(before.Occupied) != 1 {
		t.Errorf("occupied are %v", got.Occupied)
	}
}
