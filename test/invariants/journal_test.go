package invariants

import (
	"slices"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

func TestJournalsReadTheSameOnEachCloud(t *testing.T) {
	t.Parallel()
	attach := GCECalls([]gcesim.Call{{Method: "instances.get", Status: 200}, {Method: "subnetworks.patch", Resource: "nodes", Status: 400, Reason: "invalid", Mutating: true}})
	assign := EC2Calls([]awssim.Call{{Action: "DescribeInstances", Status: 200}, {Action: "AssignPrivateIpAddresses", Resource: "eni-1", Status: 200, Mutating: true}})
	never := func(Call) bool { return false }
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"only reads":     {Quiet(slices.Concat(attach[:1], assign[:1]), never), ""},
		"a refusal":      {Quiet(attach, never), "subnetworks.patch nodes (400 invalid)"},
		"an excused one": {Quiet(attach, func(c Call) bool { return c.Reason == "invalid" }), ""},
		"a change":       {Quiet(assign, never), "AssignPrivateIpAddresses eni-1 (200)"},
	} {
		if (c.err == nil) != (c.want == "") || c.err != nil && !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, c.err, c.want)
		}
	}
}
