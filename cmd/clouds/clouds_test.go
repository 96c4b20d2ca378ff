package clouds

import (
	"testing"

	"github.com/spf13/pflag"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

func networks() map[string]*v1alpha1.Network {
	gce, ec2, none := &v1alpha1.Network{}, &v1alpha1.Network{}, &v1alpha1.Network{}
	gce.Spec.GCP = &v1alpha1.GCPNetwork{Project: "p", Network: "n", Region: "r", Subnetworks: []string{"a"}}
	ec2.Spec.AWS = &v1alpha1.AWSNetwork{VPCID: "vpc-1", Region: "r", Subnets: []string{"subnet-1"}}
	return map[string]*v1alpha1.Network{GCP: gce, AWS: ec2, "": none}
}

func TestANetworkIsOfTheCloudThatItNames(t *testing.T) {
	seen := map[string]bool{}
	for name, n := range networks() {
		if got := Of(n); got != name {
			t.Errorf("the Network of %q is of %q", name, got)
		}
		if vpc := n.VPC(); seen[vpc] || (vpc == "") != (name == "") {
			t.Errorf("the VPC of %q is %q", name, vpc)
		}
		seen[n.VPC()] = true
		if blank := Blank(n); len(blank.Subnets) > 0 != (name != "") {
			t.Errorf("unread, the VPC of %q is %+v", name, blank)
		}
	}
}

func TestOnlyTheChosenCloudIsOpened(t *testing.T) {
	for _, chosen := range []string{GCP, AWS} {
		c := New(Config{Options: Options{
			Cloud: chosen, GCP: GCPOptions{NoAuth: true, Endpoint: "http://127.0.0.1:1"}, AWS: AWSOptions{NoAuth: true, Endpoint: "http://127.0.0.1:1"},
		}})
		defer c.Close()
		for name, n := range networks() {
			vpc, err := c.Open(t.Context(), n)
			if err == nil && vpc.Place.VPC != n.VPC() {
				t.Errorf("the VPC of %q is %q to the adapter, and %q to others", name, vpc.Place.VPC, n.VPC())
			}
			want := map[string]cloud.Reason{chosen: "", "": cloud.Invalid}
			if reason, ok := want[name]; !ok && !cloud.Is(err, cloud.WrongCloud) || ok && cloud.ReasonOf(err) != reason {
				t.Errorf("with --cloud=%s, opening one of %q: %v", chosen, name, err)
			}
		}
	}
}

func TestAnEndpointImpliesItsCloud(t *testing.T) {
	for args, want := range map[string]string{"": "", "--gcp-endpoint=x": GCP, "--aws-endpoint=x": AWS, "--cloud=GCP": GCP} {
		var o Options
		f := pflag.NewFlagSet("", pflag.ContinueOnError)
		o.Register(f, "", "the cloud")
		if err := f.Parse([]string{args}); err != nil || o.Implied() != want {
			t.Errorf("%q implies %q (%v)", args, o.Implied(), err)
		}
	}
	var o Options
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	o.Register(f, "", "the cloud")
	if err := f.Parse([]string{"--cloud=mars"}); err == nil {
		t.Error("--cloud=mars is taken")
	}
}
