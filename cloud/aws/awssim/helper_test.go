package awssim_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
)

// world is a Sim with a VPC of 10.0.0.0/16, a subnet of 10.0.0.0/20 in it, and
// the real client of it.
type world struct {
	t           *testing.T
	ctx         context.Context
	sim         *awssim.Sim
	ec2         *ec2.Client
	vpc, subnet string
}

func newWorld(t *testing.T, config awssim.Config) *world {
	t.Helper()
	w := &world{t: t, sim: awssim.New(config)}
	server := httptest.NewServer(w.sim)
	t.Cleanup(server.Close)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	w.ctx = ctx
	w.ec2 = w.client(server.URL, "AKID", "secret")
	var err error
	w.vpc, err = w.sim.AddVPC(pfx("10.0.0.0/16"))
	w.must(err)
	w.subnet, err = w.sim.AddSubnet(w.vpc, pfx("10.0.0.0/20"), "")
	w.must(err)
	return w
}

func (w *world) client(url, key, secret string) *ec2.Client {
	return ec2.New(ec2.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(url), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(key, secret, ""),
	})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// refused wants an error of that code.
func (w *world) refused(code string, err error) {
	w.t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		w.t.Errorf("got %v, want %s", err, code)
	}
}

// addVM adds an instance and gives the ID of its primary interface.
func (w *world) addVM(kind string, prefixes ...string) (vm awssim.Instance, eni string) {
	w.t.Helper()
	card := awssim.Interface{Subnet: w.subnet}
	for _, p := range prefixes {
		card.Prefixes = append(card.Prefixes, pfx(p))
	}
	vm, err := w.sim.AddInstance(awssim.Instance{Type: kind, Interfaces: []awssim.Interface{card}})
	w.must(err)
	return vm, vm.Interfaces[0].ID
}

func (w *world) assign(eni string, prefixes ...string) error {
	_, err := w.ec2.AssignPrivateIpAddresses(w.ctx, &ec2.AssignPrivateIpAddressesInput{NetworkInterfaceId: &eni, Ipv4Prefixes: prefixes})
	return err
}

func (w *world) unassign(eni string, prefixes ...string) error {
	_, err := w.ec2.UnassignPrivateIpAddresses(w.ctx, &ec2.UnassignPrivateIpAddressesInput{NetworkInterfaceId: &eni, Ipv4Prefixes: prefixes})
	return err
}

// held is the prefixes of an interface, as the API shows them.
func (w *world) held(eni string) (out []string) {
	w.t.Helper()
	l, err := w.ec2.DescribeNetworkInterfaces(w.ctx, &ec2.DescribeNetworkInterfacesInput{NetworkInterfaceIds: []string{eni}})
	w.must(err)
	for _, p := range l.NetworkInterfaces[0].Ipv4Prefixes {
		out = append(out, *p.Ipv4Prefix)
	}
	return out
}

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }
