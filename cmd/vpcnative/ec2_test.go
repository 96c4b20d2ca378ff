package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/calc"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/preview"
)

// ec2 is a VPC of two node subnets, a machine and a range in the first.
func ec2(t *testing.T) (vpc string, subnets []string, flags []string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	sim := awssim.New(awssim.Config{})
	vpc, err := sim.AddVPC(netip.MustParsePrefix("10.2.0.0/16"))
	must(err)
	for i, cidr := range []string{"10.2.0.0/20", "10.2.16.0/24"} {
		id, err := sim.AddSubnet(vpc, netip.MustParsePrefix(cidr), fmt.Sprintf("eu-west-1%c", 'a'+i))
		must(err)
		subnets = append(subnets, id)
	}
	_, err = sim.AddInstance(awssim.Instance{ID: "i-0abc", Type: "m5.large", Interfaces: []awssim.Interface{{Subnet: subnets[0]}}})
	must(err)
	endpoint, stop, err := sim.Serve("127.0.0.1:0")
	must(err)
	t.Cleanup(stop)
	return vpc, subnets, []string{"--aws-endpoint=" + endpoint, "--aws-no-auth", "--no-cluster"}
}

// TestPlanSpeaksEC2: ranges lie inside the node subnets' own blocks, one in
// each, a node draws by its max pods once, and the range for Services keeps
// clear of the VPC's block and is in no subnet.
func TestPlanSpeaksEC2(t *testing.T) {
	t.Parallel()
	vpc, subnets, flags := ec2(t)
	plan := func(request string) ran {
		file := filepath.Join(t.TempDir(), "plan.yaml")
		text := fmt.Sprintf("apiVersion: vpcnative.dev/v1alpha1\nkind: Network\nmetadata: {name: default}\nspec:\n  aws: {vpcID: %s, region: eu-west-1, subnets: [%s]}\n  supernets: [10.0.0.0/8]\n",
			vpc, strings.Join(subnets, ", "))
		text += "---\napiVersion: vpcnative.dev/v1alpha1\nkind: RangeRequest\nmetadata: {name: r}\nspec: " + request + "\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return vpcnative(t, append([]string{"plan", "-f", file}, flags...)...)
	}
	for spec, want := range map[string]struct {
		code int
		says []string
	}{
		"{purpose: Pods, prefixLength: 25, nodePrefixLength: 28}": {0, []string{
			"planned from the VPC itself", "carve 10.2.0.128/25 in subnet " + subnets[0], "carve 10.2.16.128/25 in subnet " + subnets[1],
			"for    8 nodes with a /28 each", "network address units of the VPC, at full size", "+16"}},
		"{purpose: Pods, capacity: {nodes: 4, podsPerNode: 32}, growth: {maxRanges: 3}, subnets: [" + subnets[0] + "]}": {0, []string{
			"4 nodes with a /27 each", "an address for each of 32 pods", "growth in subnet " + subnets[0] + ", 1 of at most 3 ranges", "next   10.2."}},
		"{purpose: Pods, prefixLength: 22}":                                  {2, []string{"would be partly granted, PartlyGranted", "NoSpace", "subnet " + subnets[1] + " (10.2.16.0/24)"}},
		"{purpose: Pods, cidrs: [10.9.0.0/24]}":                              {2, []string{"would be refused, OutsideSupernets", "10.9.0.0/24 is in none of the subnets"}},
		"{purpose: Pods, prefixLength: 24, nodePrefixLength: 29}":            {2, []string{"would be refused, InvalidSize", "at least a /28"}},
		"{purpose: Services}":                                                {0, []string{"reserve 10.3.0.0/20 for ClusterIPs; the VPC has no resource for it", "4,096 addresses"}},
		"{purpose: Services, cidrs: [10.2.0.0/20]}":                          {2, []string{"would be refused, Overlap"}},
		"{purpose: Custom, prefixLength: 28, subnets: [" + subnets[1] + "]}": {0, []string{"carve 10.2.16.16/28 in subnet " + subnets[1]}},
		"{purpose: Proxy}":                                                   {2, []string{"would be refused, Unsupported", "need no proxy-only subnet"}},
	} {
		got := plan(spec)
		if got.code != want.code {
			t.Errorf("%s: exit code %d\n%s%s", spec, got.code, got.out, got.errs)
		}
		for _, w := range want.says {
			if !strings.Contains(got.out, w) {
				t.Errorf("%s: no %q in\n%s%s", spec, w, got.out, got.errs)
			}
		}
	}
}

// TestAPlannedVPCTakesThePlan: EC2 accepts the VPC that the calculator describes,
// and the objects that it prints for it get the very ranges of the plan there.
func TestAPlannedVPCTakesThePlan(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"prefixes":         {"--nodes=500", "--supernet=10.0.0.0/8", "--growth=3x", "--reserve=10.10.0.0/16"},
		"several families": {"--nodes=300", "--supernet=192.168.0.0/16,172.16.0.0/12,100.64.0.0/10", "--zones=a,b"},
		"routes":           {"--nodes=200", "--supernet=10.0.0.0/8", "--attachment=Routes", "--growth=2x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"plan", "--cloud=aws", "--aws-region=eu-west-1"}, args...)
			var want struct {
				calc.Result
				Objects []map[string]any
			}
			decode(t, vpcnative(t, append(args, "-o", "json")...), &want)
			vpc, subnets, flags := asPlanned(t, *want.VPC)
			objects := vpcnative(t, append(args, "-o", "yaml", "--aws-vpc-id="+vpc, "--subnets="+strings.Join(subnets, ","))...)
			if objects.code != 0 {
				t.Fatal(objects.errs)
			}
			file := filepath.Join(t.TempDir(), "plan.yaml")
			if err := os.WriteFile(file, []byte(objects.out), 0o600); err != nil {
				t.Fatal(err)
			}
			var got preview.Report
			decode(t, vpcnative(t, append([]string{"plan", "-f", file, "-o", "json"}, flags...)...), &got)
			var carved, planned []string
			for _, q := range got.Networks[0].Requests {
				for _, x := range q.Ranges {
					carved = append(carved, q.Name+" "+x.CIDR)
				}
			}
			for _, x := range want.Ranges {
				if !x.Growth {
					planned = append(planned, x.Request+" "+x.CIDR)
				}
			}
			if slices.Sort(carved); !slices.Equal(carved, slices.Sorted(slices.Values(planned))) || len(carved) < 2 {
				t.Errorf("in the VPC: %q\nplanned: %q", carved, planned)
			}
		})
	}
}

func decode(t *testing.T, r ran, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.out), into); err != nil || r.code != 0 {
		t.Fatalf("exit code %d, %v:\n%s%s", r.code, err, r.out, r.errs)
	}
}

// asPlanned makes the VPC.
func asPlanned(t *testing.T, plan calc.VPC) (vpc string, subnets, flags []string) {
	t.Helper()
	sim := awssim.New(awssim.Config{})
	var blocks []netip.Prefix
	for _, b := range plan.Blocks {
		blocks = append(blocks, netip.MustParsePrefix(b))
	}
	vpc, err := sim.AddVPC(blocks...)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range plan.Subnets {
		id, err := sim.AddSubnet(vpc, netip.MustParsePrefix(s.CIDR), s.Zone)
		if err != nil {
			t.Fatal(err)
		}
		subnets = append(subnets, id)
	}
	endpoint, stop, err := sim.Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return vpc, subnets, []string{"--aws-endpoint=" + endpoint, "--aws-no-auth", "--no-cluster"}
}
