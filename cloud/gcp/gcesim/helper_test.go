package gcesim_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	compute "cloud.google.com/go/compute/apiv1"
	rest "google.golang.org/api/compute/v1"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

const (
	projectID = "p1"
	region    = "us-central1"
	zone      = "us-central1-a"

	minute      = time.Minute
	millisecond = time.Millisecond
)

// world is a Sim with network "vpc", subnetwork "nodes" (10.0.0.0/20, pods
// 10.4.0.0/14) and both clients of it.
type world struct {
	t    *testing.T
	ctx  context.Context
	sim  *gcesim.Sim
	url  string
	rest *rest.Service
}

func newWorld(t *testing.T, config gcesim.Config) *world {
	t.Helper()
	sim := gcesim.New(config)
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	w := &world{t: t, ctx: ctx, sim: sim, url: server.URL}
	var err error
	w.rest, err = rest.NewService(ctx, option.WithEndpoint(server.URL+"/compute/v1/"),
		option.WithoutAuthentication(), option.WithHTTPClient(server.Client()))
	w.must(err)
	w.must(sim.AddNetwork(gcesim.Network{Project: projectID, Name: "vpc"}))
	w.must(sim.AddSubnetwork(gcesim.Subnetwork{
		Project: projectID, Region: region, Name: "nodes", Network: "vpc", Primary: pfx("10.0.0.0/20"),
		Secondary: []gcesim.SecondaryRange{{Name: "pods", Prefix: pfx("10.4.0.0/14")}},
	}))
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) addVM(name string, aliases ...string) gcesim.Instance {
	w.t.Helper()
	nic := gcesim.Interface{Subnetwork: "nodes"}
	for _, a := range aliases {
		nic.Aliases = append(nic.Aliases, gcesim.Alias{Prefix: pfx(a), RangeName: "pods"})
	}
	i, err := w.sim.AddInstance(gcesim.Instance{Project: projectID, Zone: zone, Name: name, Interfaces: []gcesim.Interface{nic}})
	w.must(err)
	return i
}

// options are those of the generated clients, which take the bare URL.
func (w *world) options() []option.ClientOption {
	return []option.ClientOption{option.WithEndpoint(w.url), option.WithoutAuthentication()}
}

func (w *world) instancesClient() *compute.InstancesClient {
	w.t.Helper()
	c, err := compute.NewInstancesRESTClient(w.ctx, w.options()...)
	w.must(err)
	w.t.Cleanup(func() { c.Close() })
	return c
}

func (w *world) subnetworksClient() *compute.SubnetworksClient {
	w.t.Helper()
	c, err := compute.NewSubnetworksRESTClient(w.ctx, w.options()...)
	w.must(err)
	w.t.Cleanup(func() { c.Close() })
	return c
}

// setAliases updates nic0 with a fresh fingerprint and returns the operation.
func (w *world) setAliases(name string, aliases ...*rest.AliasIpRange) (*rest.Operation, error) {
	w.t.Helper()
	i, err := w.rest.Instances.Get(projectID, zone, name).Context(w.ctx).Do()
	w.must(err)
	body := &rest.NetworkInterface{
		AliasIpRanges: aliases, Fingerprint: i.NetworkInterfaces[0].Fingerprint,
		ForceSendFields: []string{"AliasIpRanges"},
	}
	return w.rest.Instances.UpdateNetworkInterface(projectID, zone, name, "nic0", body).Context(w.ctx).Do()
}

func (w *world) setRanges(ranges ...*rest.SubnetworkSecondaryRange) (*rest.Operation, error) {
	w.t.Helper()
	sub, err := w.rest.Subnetworks.Get(projectID, region, "nodes").Context(w.ctx).Do()
	w.must(err)
	body := &rest.Subnetwork{
		SecondaryIpRanges: ranges, Fingerprint: sub.Fingerprint, ForceSendFields: []string{"SecondaryIpRanges"},
	}
	return w.rest.Subnetworks.Patch(projectID, region, "nodes", body).Context(w.ctx).Do()
}

func alias(cidr string) *rest.AliasIpRange {
	return &rest.AliasIpRange{IpCidrRange: cidr, SubnetworkRangeName: "pods"}
}

func secondary(name, cidr string) *rest.SubnetworkSecondaryRange {
	return &rest.SubnetworkSecondaryRange{RangeName: name, IpCidrRange: cidr}
}

// failure is "400 invalid" for a refusal of the API, "" for success.
func failure(err error) (code int, reason, message string) {
	var e *googleapi.Error
	if !errors.As(err, &e) || len(e.Errors) == 0 {
		return 0, "", ""
	}
	return e.Code, e.Errors[0].Reason, e.Message
}

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }
