package aws_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
)

func TestMissingCredentialsSayWhatIsNeeded(t *testing.T) {
	w := newWorld(t, awssim.Config{})
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_SHARED_CREDENTIALS_FILE": t.TempDir() + "/absent", "AWS_CONFIG_FILE": t.TempDir() + "/absent", "AWS_WEB_IDENTITY_TOKEN_FILE": "",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI": "", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": ""} {
		t.Setenv(name, value)
	}
	vpc := w.connect(func(c *aws.Config) { c.AccessKey = "" })
	_, err := vpc.Space.Read(t.Context())
	w.wants(cloud.Unauthenticated, err, "instance profile", "AWS_ACCESS_KEY_ID", "web identity")
}

func TestTheSDKsOwnConfigurationIsUsed(t *testing.T) {
	w := newWorld(t, awssim.Config{AccessKey: "FROMENV", SecretKey: "hidden"})
	t.Setenv("AWS_ACCESS_KEY_ID", "FROMENV")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hidden")
	t.Setenv("AWS_REGION", "eu-west-1")
	vpc := w.connect(func(c *aws.Config) { c.AccessKey, c.Region = "", "" })
	_, err := vpc.Space.Read(t.Context())
	w.must(err)
	_, err = vpc.Interfaces.Get(t.Context(), "aws:///us-east-1a/i-0123456789abcdef0")
	w.wants(cloud.WrongCloud, err, "eu-west-1")
}

// TestTheMachineSaysTheRegion: where neither the Network, nor a flag, nor the SDK's
// configuration does.
func TestTheMachineSaysTheRegion(t *testing.T) {
	w := newWorld(t, awssim.Config{})
	metadata := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/latest/api/token":
			out.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "60")
			_, _ = io.WriteString(out, "token")
		case "/latest/dynamic/instance-identity/document":
			_, _ = io.WriteString(out, `{"region": "eu-west-1"}`)
		default:
			http.NotFound(out, r)
		}
	}))
	t.Cleanup(metadata.Close)
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.URL)
	vpc := w.connect(func(c *aws.Config) { c.Region = "" })
	_, err := vpc.Interfaces.Get(t.Context(), "aws:///us-east-1a/i-0123456789abcdef0")
	w.wants(cloud.WrongCloud, err, "eu-west-1")
}

func TestIncompleteConfigIsInvalid(t *testing.T) {
	t.Parallel()
	if _, _, _, err := aws.New(t.Context(), aws.Config{Region: "eu-west-1"}, aws.BalancerConfig{}); !cloud.Is(err, cloud.Invalid) {
		t.Errorf("got %v, want Invalid", err)
	}
}

func TestADeniedActionIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Denied: []string{"AssignPrivateIpAddresses", "CreateSubnetCidrReservation", "DescribeRouteTables"}})
	id := w.add("m5.8xlarge", "vm")
	w.wants(cloud.PermissionDenied, w.attach(w.get(id), "10.0.65.0/24"), "allow ec2:AssignPrivateIpAddresses on instance", w.get(id).InstanceUID)
	w.wants(cloud.PermissionDenied, w.vpc.Ranges.Create(t.Context(), w.ours("10.0.128.0/20")), "allow ec2:CreateSubnetCidrReservation and ec2:CreateTags", w.subnet)
	_, err := w.settled().Space.Read(t.Context())
	w.wants(cloud.PermissionDenied, err, "allow ec2:DescribeRouteTables on "+w.vpcID)
}

func TestMissingThingsAreNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	_, err := w.connect(func(c *aws.Config) { c.VPC = "vpc-0badc0ffee" }).Space.Read(t.Context())
	w.wants(cloud.NotFound, err, "vpc-0badc0ffee")
	_, err = w.connect(func(c *aws.Config) { c.Subnets = []string{"subnet-0badc0ffee"} }).Space.Read(t.Context())
	w.wants(cloud.NotFound, err, "subnet-0badc0ffee", w.subnet)
}
