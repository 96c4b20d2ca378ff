package aws

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestThePolicyIsWhatIsCalled: deploy/aws/policy.json allows just what the
// adapter does, and the documentation names it. The actions are read where they
// are written, so that a new one cannot be forgotten here.
func TestThePolicyIsWhatIsCalled(t *testing.T) {
	t.Parallel()
	called := map[string]bool{
		"ec2:CreateTags": true, // of a reservation, as it is made
		// What ELB asks for in the caller's name: Elastic Load Balancing user
		// guide, "Elastic Load Balancing API permissions".
		"ec2:DescribeAccountAttributes": true, "ec2:DescribeInternetGateways": true, "iam:CreateServiceLinkedRole": true,
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	constant := regexp.MustCompile(`(?m)^\taction\w+ += "(\w+)"$`)
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".go") && !strings.HasSuffix(f.Name(), "_test.go") {
			for _, m := range constant.FindAllStringSubmatch(contentOf(t, f.Name()), -1) {
				called[permission(m[1])] = true
			}
		}
	}
	if len(called) < 12 {
		t.Fatalf("only %d actions were found", len(called))
	}
	var policy struct {
		Statement []struct {
			Action    []string
			Condition map[string]map[string]string
		}
	}
	if err := json.Unmarshal([]byte(contentOf(t, "../../deploy/aws/policy.json")), &policy); err != nil {
		t.Fatal(err)
	}
	allowed, documented := map[string]bool{}, map[string]bool{}
	for _, s := range policy.Statement {
		for _, a := range s.Action {
			allowed[a] = true
			if _, bound := s.Condition["Null"]["aws:ResourceTag/"+tagCluster]; tagged[a] != bound {
				t.Errorf("%s is confined to what carries our tag: %v, want %v", a, bound, tagged[a])
			}
		}
	}
	for _, a := range regexp.MustCompile("`((?:ec2|elasticloadbalancing|iam):\\w+)`").FindAllStringSubmatch(contentOf(t, "../../docs/operations.md"), -1) {
		documented[a[1]] = true
	}
	for name, got := range map[string]map[string]bool{"the policy": allowed, "docs/operations.md": documented} {
		if !maps.Equal(got, called) {
			t.Errorf("%s has %v\ncalled are %v", name, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(called)))
		}
	}
}

// tagged are the actions that change or remove a thing which carries our tags
// from the moment on that it is there. Listeners carry none.
var tagged = map[string]bool{
	"ec2:DeleteSecurityGroup":                           true,
	"elasticloadbalancing:DeleteLoadBalancer":           true,
	"elasticloadbalancing:DeleteTargetGroup":            true,
	"elasticloadbalancing:DeregisterTargets":            true,
	"elasticloadbalancing:ModifyLoadBalancerAttributes": true,
	"elasticloadbalancing:ModifyTargetGroup":            true,
	"elasticloadbalancing:ModifyTargetGroupAttributes":  true,
	"elasticloadbalancing:RegisterTargets":              true,
	"elasticloadbalancing:SetIpAddressType":             true,
	"elasticloadbalancing:SetSecurityGroups":            true,
	"elasticloadbalancing:SetSubnets":                   true,
}

func contentOf(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
