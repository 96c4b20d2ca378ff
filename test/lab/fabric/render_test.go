package fabric

import (
	"net/netip"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/test/golden"
	"github.com/vpcnative/vpcnative/test/lab/balance"
)

// nicsOf plugs in every machine but those that are left out.
func nicsOf(v VPC) (out []NIC) {
	for n, m := range v.Machines {
		out = append(out, NIC{Instance: m.Name, Device: "nic-" + m.Name, Primary: m.Primary, External: external(n + 1), index: n + 1, netns: m.Name, guest: "eth0"})
	}
	return out
}

func TestComputeEngineIsRendered(t *testing.T) {
	cloud := newGCECloud(t, gcesim.Config{Instant: true}, "a", "b", "c")
	cloud.balance(t, "inner", "INTERNAL", 80, 30081, "a", "b")
	cloud.balance(t, "outer", "EXTERNAL", 443, 10256, "b", "c")
	must(t, cloud.AddFirewall(gcesim.Firewall{Project: project, Network: "vpc", Name: "deny", Deny: true, Priority: 10, Protocols: []string{"tcp:22"},
		Sources: []netip.Prefix{netip.MustParsePrefix("10.4.0.0/24"), netip.MustParsePrefix("10.4.0.0/25")}}))
	must(t, cloud.AddRoute(gcesim.Route{Project: project, Network: "vpc", Name: "office", Dest: netip.MustParsePrefix("172.16.0.0/12"), NextHopIP: netip.MustParseAddr("10.0.0.2")}))
	r, err := newGCE(t.Context(), Config{Endpoint: cloud.endpoint, Project: project, Network: "vpc"})
	must(t, err)
	v := read(t, r)
	health := balance.Health{{Service: "inner", Member: "a"}: true}
	golden.Check(t, "testdata/gce.golden", Render(v, nicsOf(v), health).String())
}

func TestAnEmptyVPCIsRendered(t *testing.T) {
	golden.Check(t, "testdata/empty.golden", Render(VPC{}, nil, nil).String())
}

// TestTheSameWorldIsTheSameValue: else the fabric would set itself up anew at
// every reading.
func TestTheSameWorldIsTheSameValue(t *testing.T) {
	cloud := newGCECloud(t, gcesim.Config{Instant: true}, "b", "a")
	r, err := newGCE(t.Context(), Config{Endpoint: cloud.endpoint, Project: project, Network: "vpc"})
	must(t, err)
	d := &delay{}
	now := time.Now()
	if _, due := d.next(read(t, r), now); !due {
		t.Error("what is seen first is not due")
	}
	if _, due := d.next(read(t, r), now); due {
		t.Error("the same is due again")
	}
}

func TestChangesAreHeldBackInOrder(t *testing.T) {
	d := &delay{most: time.Second}
	now := time.Now()
	worlds := []VPC{{Machines: []Machine{{Name: "a"}}}, {Machines: []Machine{{Name: "b"}}}, {Machines: []Machine{{Name: "c"}}}}
	var got string
	for i := range 300 {
		at := now.Add(time.Duration(i) * 10 * time.Millisecond)
		if v, due := d.next(worlds[min(i, 2)], at); due {
			got += v.Machines[0].Name
			if at.Sub(now) > time.Second+30*time.Millisecond {
				t.Errorf("%s is seen after %s", v.Machines[0].Name, at.Sub(now))
			}
		}
	}
	if got[len(got)-1] != 'c' || len(got) > 3 {
		t.Errorf("in effect one after the other: %s", got)
	}
	for i := 1; i < len(got); i++ {
		if got[i] < got[i-1] {
			t.Errorf("something overtook: %s", got)
		}
	}
}

func TestChangesOfRoutes(t *testing.T) {
	del, set := changes(
		map[string]string{"route 10.0.0.0/24 table main": "dev a", "rule fwmark 1 lookup 1": "", "route 10.0.1.0/24 table main": "dev a"},
		map[string]string{"route 10.0.0.0/24 table main": "dev b", "rule fwmark 2 lookup 2": "", "route 10.0.1.0/24 table main": "dev a"})
	if len(del) != 1 || del[0] != "rule del fwmark 1 lookup 1" {
		t.Errorf("goes: %q", del)
	}
	if len(set) != 2 || set[0] != "route replace 10.0.0.0/24 table main dev b" || set[1] != "rule add fwmark 2 lookup 2" {
		t.Errorf("comes: %q", set)
	}
}

func TestEC2IsRendered(t *testing.T) {
	cloud := newEC2Cloud(t, awssim.Config{}, 3)
	kept := cloud.balance(t, "kept", types.LoadBalancerSchemeEnumInternetFacing, 80, 30080, true)
	cloud.balance(t, "hidden", types.LoadBalancerSchemeEnumInternal, 443, 30443, false)
	cloud.admit(t, "192.0.2.0/24", 30000, 32767)
	must(t, cloud.AddRoute(cloud.vpc, netip.MustParsePrefix("172.16.0.0/12"), cloud.Interfaces()[0].ID))
	v := read(t, cloud.api)
	health := balance.Health{{Service: kept, Member: cloud.machines[2]}: true}
	golden.Check(t, "testdata/ec2.golden", Render(v, nicsOf(v), health).String())
}
