package cloud_test

import (
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
)

func TestProviderIDsGetTheirZone(t *testing.T) {
	t.Parallel()
	const whole = "aws:///eu-west-1a/i-0123456789abcdef0"
	for id, want := range map[string]string{
		"aws:////i-0123456789abcdef0": whole, "aws:///i-0123456789abcdef0": whole, "i-0123456789abcdef0": whole, "i-01234567": "aws:///eu-west-1a/i-01234567",
		whole: whole, "aws:///eu-west-1b/i-01234567": "aws:///eu-west-1b/i-01234567", "gce://p/z/i-01234567": "gce://p/z/i-01234567",
		"aws://i-0123456789abcdef0": "aws://i-0123456789abcdef0", "aws:///fargate-1": "aws:///fargate-1", "i-am-a-name": "i-am-a-name", "": "",
	} {
		if got := cloud.ProviderID(id, "eu-west-1a"); got != want {
			t.Errorf("%q became %q, want %q", id, got, want)
		}
		if got := cloud.ProviderID(id, ""); got != id {
			t.Errorf("without a zone %q became %q", id, got)
		}
	}
}
