package aws

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/vpcnative/vpcnative/cloud"
)

// hosts notes where requests go, and sends none.
type hosts []string

func (h *hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	*h = append(*h, r.URL.Host)
	return nil, errors.New("nobody is there")
}

// isolate keeps the machine's own AWS configuration out.
func isolate(t *testing.T) {
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_SHARED_CREDENTIALS_FILE": t.TempDir() + "/absent", "AWS_CONFIG_FILE": t.TempDir() + "/absent", "AWS_WEB_IDENTITY_TOKEN_FILE": "",
		"AWS_ROLE_ARN": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": ""} {
		t.Setenv(name, value)
	}
}

func TestEveryClientFollowsTheConfiguration(t *testing.T) {
	for name, c := range map[string]struct {
		environment map[string]string
		endpoint    string
		ec2, elb    string
	}{
		"by itself":                  {nil, "", "ec2.us-east-1.amazonaws.com", "elasticloadbalancing.us-east-1.amazonaws.com"},
		"FIPS":                       {map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"}, "", "ec2-fips.us-east-1.amazonaws.com", "elasticloadbalancing-fips.us-east-1.amazonaws.com"},
		"dual stack":                 {map[string]string{"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "", "ec2.us-east-1.api.aws", "elasticloadbalancing.us-east-1.api.aws"},
		"an endpoint of EC2's":       {map[string]string{"AWS_ENDPOINT_URL_EC2": "http://one.test"}, "", "one.test", "elasticloadbalancing.us-east-1.amazonaws.com"},
		"an endpoint of ELB's":       {map[string]string{"AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2": "http://two.test"}, "", "ec2.us-east-1.amazonaws.com", "two.test"},
		"one endpoint":               {map[string]string{"AWS_ENDPOINT_URL": "http://all.test"}, "", "all.test", "all.test"},
		"the flag before all others": {map[string]string{"AWS_ENDPOINT_URL_EC2": "http://one.test", "AWS_ENDPOINT_URL": "http://all.test"}, "http://flag.test", "flag.test", "flag.test"},
	} {
		t.Run(name, func(t *testing.T) {
			isolate(t)
			for name, value := range c.environment {
				t.Setenv(name, value)
			}
			to, err := connect(t.Context(), &Config{Region: "us-east-1", AccessKey: "AKID", SecretKey: "secret", Endpoint: c.endpoint})
			if err != nil {
				t.Fatal(err)
			}
			var asked hosts
			to.client.Transport = &asked
			_, _ = to.ec2().DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{})
			_, _ = to.elb().DescribeLoadBalancers(t.Context(), &elb.DescribeLoadBalancersInput{})
			if len(asked) != 2 || asked[0] != c.ec2 || asked[1] != c.elb {
				t.Errorf("asked %v, want %s and %s, each once", asked, c.ec2, c.elb)
			}
		})
	}
}

// TestFindingCredentialsIsTriedAgain: what the services that give credentials
// answer in passing is no lack of them.
func TestFindingCredentialsIsTriedAgain(t *testing.T) {
	var calls, down atomic.Int32
	down.Store(1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost:
			_, _ = io.WriteString(w, `<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId></DescribeVpcsResponse>`)
		case calls.Add(1) <= down.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			_, _ = io.WriteString(w, `{"AccessKeyId": "AKID", "SecretAccessKey": "secret", "Token": "token", "Expiration": "2099-01-01T00:00:00Z"}`)
		}
	}))
	t.Cleanup(server.Close)
	isolate(t)
	for name, value := range map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.URL + "/role", "AWS_ENDPOINT_URL": server.URL} {
		t.Setenv(name, value)
	}
	to, err := connect(t.Context(), &Config{Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := to.ec2().DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{}); err != nil || calls.Load() != 2 {
		t.Errorf("%d calls for credentials, %v", calls.Load(), err)
	}
	down.Store(1000)
	if to, err = connect(t.Context(), &Config{Region: "us-east-1"}); err != nil {
		t.Fatal(err)
	}
	_, err = to.ec2().DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{})
	if got := judgeError(err, true); got != cloud.Unavailable {
		t.Errorf("what gives credentials is down, and that is %s: %v", got, err)
	}
}
