package gcp

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
)

const (
	netURL   = "https://www.googleapis.com/compute/v1/projects/p1/global/networks/vpc"
	otherURL = "https://www.googleapis.com/compute/v1/projects/p1/global/networks/other"
	subURL   = "https://www.googleapis.com/compute/v1/projects/p1/regions/r1/subnetworks/"
)

func vm(name string, nics ...nic) instance {
	return instance{id: "1", name: name, zone: "r1-a", nics: nics}
}

func listAll(v *vpc) (all []cloud.Interface, err error) {
	for i, err := range (interfaces{v}).List(context.Background()) {
		if err != nil {
			return all, err
		}
		all = append(all, i)
	}
	return all, nil
}

// A zone that does not answer holds machines with addresses: the list must
// not pass for the whole one (I8).
func TestListWithAHoleIsAnError(t *testing.T) {
	t.Parallel()
	v := newFake(t, &fakeAPI{onInstances: func(project, token string) (page[instance], error) {
		return page[instance]{items: []instance{vm("a", nic{name: "nic0", network: netURL, subnetwork: subURL + "nodes"})}, holes: []hole{{"zones/r1-b", "UNREACHABLE"}}}, nil
	}})
	_, err := listAll(v)
	if !cloud.Is(err, cloud.Unavailable) || !strings.Contains(err.Error(), "zones/r1-b") {
		t.Errorf("got %v", err)
	}
}

func TestListReadsEveryProjectOnce(t *testing.T) {
	t.Parallel()
	var asked []string
	v := newFake(t, &fakeAPI{onInstances: func(project, token string) (page[instance], error) {
		asked = append(asked, project+token)
		if project == "p2" && token == "" {
			return page[instance]{next: "-more"}, nil
		}
		return page[instance]{}, nil
	}})
	if _, err := listAll(v); err != nil {
		t.Fatal(err)
	}
	if want := []string{"p1", "p2", "p2-more"}; !slices.Equal(asked, want) {
		t.Errorf("asked %v, want %v", asked, want)
	}
}

func TestInterfaceOfAnInstance(t *testing.T) {
	t.Parallel()
	v := newFake(t, &fakeAPI{onInstances: func(project, token string) (page[instance], error) {
		if project != "p1" {
			return page[instance]{}, nil
		}
		a := func(cidr string) []alias { return []alias{{cidr, "pods"}} }
		return page[instance]{items: []instance{
			vm("node", nic{name: "nic0", network: netURL, subnetwork: subURL + "nodes", fingerprint: "f", aliases: a("10.4.0.0/24"), aliases6: a("fd20::/112")}),
			vm("lone", nic{name: "nic0", network: netURL, subnetwork: subURL + "nodes", aliases: a("10.4.1.7")}),
			vm("elsewhere", nic{name: "nic0", network: netURL, subnetwork: subURL + "others"}),
			vm("second", nic{name: "nic0", network: otherURL, subnetwork: subURL + "x", aliases: a("10.9.0.0/24")},
				nic{name: "nic1", network: netURL, subnetwork: subURL + "nodes", aliases: a("10.4.2.0/24")}),
			vm("stranger", nic{name: "nic0", network: otherURL}),
		}}, nil
	}})
	all, err := listAll(v)
	if err != nil || len(all) != 4 {
		t.Fatalf("%d instances (%v), want 4: the stranger is in another network", len(all), err)
	}
	node, lone, elsewhere, second := all[0], all[1], all[2], all[3]
	if node.Instance != "gce://p1/r1-a/node" || node.Subnet != "nodes" || node.Version != "f" || len(node.Attachments) != 1 || len(node.Elsewhere) != 1 {
		t.Errorf("the node reads %+v", node)
	}
	if lone.Attachments[0].Prefix.String() != "10.4.1.7/32" {
		t.Errorf("a lone address reads %v", lone.Attachments)
	}
	if elsewhere.Subnet != "" || elsewhere.SubnetName != "r1/others" {
		t.Errorf("a machine in another subnetwork reads %+v", elsewhere)
	}
	if second.Subnet != "" || len(second.Attachments) != 0 || len(second.Elsewhere) != 1 || second.Elsewhere[0].String() != "10.4.2.0/24" {
		t.Errorf("a machine whose second interface is in the network reads %+v", second)
	}
	_, err = interfaces{v}.Attach(t.Context(), elsewhere, cloud.Attachment{Prefix: lone.Attachments[0].Prefix, Range: "pods"})
	if !cloud.Is(err, cloud.Invalid) || !strings.Contains(err.Error(), "r1/others") {
		t.Errorf("attaching in another subnetwork gave %v", err)
	}
}

func TestCatchAllRoutesDoNotOccupy(t *testing.T) {
	t.Parallel()
	for dest, want := range map[string]bool{
		"0.0.0.0/0": true, "0.0.0.0/1": true, "128.0.0.0/1": true, "10.0.0.0/8": true, "172.16.0.0/12": true, "::/0": true,
		"10.0.0.0/9": false, "10.4.0.0/16": false, "192.168.0.0/17": false, "203.0.113.0/24": false, "fd20::/64": false,
	} {
		p, err := parseRange(dest)
		if err != nil {
			t.Fatal(err)
		}
		if isCatchAll(p) != want {
			t.Errorf("%s: catch-all %v, want %v", dest, !want, want)
		}
	}
}

func TestProviderIDs(t *testing.T) {
	t.Parallel()
	ref, ok := parseProviderID("gce://p/us-central1-a/vm")
	if !ok || ref.providerID() != "gce://p/us-central1-a/vm" || ref.scope().quota() != "projects/p/regions/us-central1" {
		t.Errorf("got %+v, quota scope %s", ref, ref.scope().quota())
	}
	for _, bad := range []string{"", "gce://", "gce://p/z", "gce://p/z/vm/x", "gce://p//vm", "aws:///z/i-1", "p/z/vm"} {
		if _, ok := parseProviderID(bad); ok {
			t.Errorf("%q passed", bad)
		}
	}
}

func TestDelegatedIsNeverGuessed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ranges []ipv6Range
		want   string
	}{
		"internal":                     {[]ipv6Range{{"fd20:0:1:2::", 96}}, "fd20:0:1:2::/112"},
		"in the middle of a subnet":    {[]ipv6Range{{"fd20:0:1:2:0:5::", 96}}, "fd20:0:1:2:0:5::/112"},
		"no length said":               {[]ipv6Range{{"2600:1900::3:0:0", 0}}, "2600:1900::3:0:0/112"},
		"none":                         {nil, ""},
		"no address":                   {[]ipv6Range{{"here", 96}}, ""},
		"an IPv4 address":              {[]ipv6Range{{"10.0.0.1", 96}}, ""},
		"too small to have a part":     {[]ipv6Range{{"fd20::", 128}}, ""},
		"an address inside the range":  {[]ipv6Range{{"fd20::7", 96}}, ""},
		"a length that is none at all": {[]ipv6Range{{"fd20::", -1}}, ""},
	} {
		got := delegated(nic{ipv6: c.ranges})
		if got.IsValid() != (c.want != "") || got.IsValid() && got.String() != c.want {
			t.Errorf("%s: %v, want %q", name, got, c.want)
		}
	}
}
