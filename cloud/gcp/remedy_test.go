package gcp

import (
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
)

// In a Shared VPC the right to use a subnet is missing in the host project, and
// the call is about the service project's instance.
func TestADenialNamesTheProjectThatItIsAbout(t *testing.T) {
	t.Parallel()
	const said = "Required 'compute.subnetworks.use' permission for 'projects/host/regions/r/subnetworks/nodes'"
	got := remedy(cloud.PermissionDenied, methodUpdate, "projects/service/zones/a/instances/vm", said)
	if !strings.Contains(got, "compute.subnetworks.use in project host") || strings.Contains(got, "service/") {
		t.Errorf("the remedy is %q", got)
	}
}
