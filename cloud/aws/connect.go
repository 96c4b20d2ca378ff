package aws

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/vpcnative/vpcnative/cloud"
)

// maxConns is how many requests run at once without a new connection each.
const maxConns = 256

// connection is what every service's client is made of, so that endpoints, FIPS,
// dual stack, certificates and credentials are the same to each.
type connection struct {
	config   awssdk.Config
	client   *http.Client
	endpoint string // another one than the configuration's; empty where there is none
}

// connect reads the SDK's configuration. Only the clients that are made of it
// repeat no request: those by which credentials are found are the SDK's own, and
// try again as it does.
func connect(ctx context.Context, c *Config) (*connection, error) {
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(c.Region), config.WithHTTPClient(newHTTPClient()))
	if err != nil {
		return nil, noCredentials(err)
	}
	// The SDK has put the certificates of AWS_CA_BUNDLE into the client that it
	// was given. The one made of it here is one whose connections can be closed.
	client := http.DefaultClient
	if built, ok := loaded.HTTPClient.(*awshttp.BuildableClient); ok {
		client = &http.Client{Transport: built.GetTransport()}
	}
	if loaded.Region == "" {
		if loaded.Region, err = machineRegion(ctx, client); err != nil {
			return nil, &cloud.Error{Reason: cloud.Invalid, Act: "find the AWS region", Err: err,
				Remedy: "set the region in the Network, or AWS_REGION, or run the manager on an EC2 instance with its metadata service on"}
		}
	}
	c.Region = loaded.Region
	if c.AccessKey != "" {
		loaded.Credentials = credentials.NewStaticCredentialsProvider(c.AccessKey, c.SecretKey, "")
	}
	loaded.Credentials = awssdk.NewCredentialsCache(provider{loaded.Credentials})
	loaded.HTTPClient, loaded.AppID = client, c.UserAgent
	return &connection{loaded, client, c.Endpoint}, nil
}

// service sets what a client of ours has of its own. It repeats no request by
// itself: each passes the hook, and one that changes something is repeated only
// by us.
func (c *connection) service(retryer *awssdk.Retryer, endpoint **string) {
	*retryer = awssdk.NopRetryer{}
	if c.endpoint != "" {
		*endpoint = &c.endpoint
	}
}

func (c *connection) ec2() sdk {
	return sdk{ec2.NewFromConfig(c.config, func(o *ec2.Options) { c.service(&o.Retryer, &o.BaseEndpoint) })}
}

func (c *connection) elb() *elb.Client {
	return elb.NewFromConfig(c.config, func(o *elb.Options) { c.service(&o.Retryer, &o.BaseEndpoint) })
}

func newHTTPClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithDialerOptions(func(d *net.Dialer) {
		d.Timeout = 10 * time.Second
	}).WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = maxConns, maxConns
	})
}

// machineRegion asks the metadata service of the instance that we run on.
func machineRegion(ctx context.Context, client *http.Client) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	got, err := imds.New(imds.Options{HTTPClient: client}).GetRegion(ctx, &imds.GetRegionInput{})
	if err != nil {
		return "", err
	}
	return got.Region, nil
}

// provider tells an error of finding credentials from one of EC2.
type provider struct{ awssdk.CredentialsProvider }

type credentialsError struct{ error }

func (e credentialsError) Unwrap() error { return e.error }

func (p provider) Retrieve(ctx context.Context) (awssdk.Credentials, error) {
	if p.CredentialsProvider == nil {
		return awssdk.Credentials{}, credentialsError{errors.New("there are none")}
	}
	got, err := p.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		return got, credentialsError{err}
	}
	return got, nil
}

const credentialsRemedy = "give the manager credentials that the AWS SDK finds: an instance profile, a web identity token (IAM roles for " +
	"service accounts), or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; they need the permissions in deploy/, and a clock that is right"

func noCredentials(err error) error {
	return &cloud.Error{Reason: cloud.Unauthenticated, Act: "find credentials for EC2", Err: err, Remedy: credentialsRemedy}
}
