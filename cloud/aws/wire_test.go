package aws_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/test/golden"
)

// recorder keeps what goes over the wire to the simulator.
type recorder struct {
	http.Handler
	mu    sync.Mutex
	lines []string
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	q.Body = io.NopCloser(strings.NewReader(string(body)))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		panic(err)
	}
	var lines []string
	for name, values := range form {
		if name != "Action" && name != "Version" {
			lines = append(lines, "  "+name+"="+values[0])
		}
	}
	slices.Sort(lines)
	r.mu.Lock()
	r.lines = append(append(r.lines, form.Get("Action")), lines...)
	r.mu.Unlock()
	r.Handler.ServeHTTP(w, q)
}

// TestWire holds what is sent against testdata/wire.golden. These are the
// parameters, filters and tags that an emulator of EC2 has to know.
func TestWire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Instant: true})
	six, err := w.sim.AddIPv6(w.subnet)
	w.must(err)
	id := w.add("t3.small", "vm")
	list, err := w.sim.AddPrefixList(10, prefix("172.16.9.0/24"))
	w.must(err)
	w.must(w.sim.AddRouteToList(w.vpcID, list, "tgw-1"))
	r := &recorder{Handler: w.sim}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	vpc := w.connect(func(c *aws.Config) { c.Endpoint = server.URL })
	ctx := t.Context()
	_, err = vpc.Space.Read(ctx)
	w.must(err)
	ours := w.ours("10.0.128.0/20")
	w.must(vpc.Ranges.Create(ctx, ours))
	w.must(vpc.Ranges.Delete(ctx, ours))
	for i, err := range vpc.Interfaces.List(ctx) {
		w.must(err)
		for _, p := range []string{"10.0.64.0/27", nth6(six)} {
			a := cloud.Attachment{Prefix: prefix(p)}
			_, err := vpc.Interfaces.Attach(ctx, i, a)
			w.must(err)
			_, err = vpc.Interfaces.Detach(ctx, i, a)
			w.must(err)
		}
		_, err = vpc.Interfaces.Limit(ctx, i)
		w.must(err)
		for _, p := range []string{"100.65.1.0/24", "fd00:1::/80"} {
			_, err = vpc.Routed.Attach(ctx, i, cloud.Attachment{Prefix: prefix(p)})
			w.must(err)
			_, err = vpc.Routed.Detach(ctx, i, cloud.Attachment{Prefix: prefix(p)})
			w.must(err)
		}
	}
	sub := cloud.NewSubnet{Name: owner.ObjectName(0), Zone: zone, Prefix: prefix("100.64.0.0/20")}
	w.must(vpc.NewSpace.AddBlock(ctx, prefix("100.64.0.0/16")))
	_, err = vpc.NewSpace.AddSubnet(ctx, sub)
	w.must(err)
	w.must(vpc.NewSpace.RemoveSubnet(ctx, sub))
	w.must(vpc.NewSpace.RemoveBlock(ctx, prefix("100.64.0.0/16")))
	w.must(w.sim.TerminateInstance(w.get(id).InstanceUID))
	for _, err := range vpc.Routed.List(ctx) {
		w.must(err)
	}
	golden.Check(t, "testdata/wire.golden", strings.Join(r.lines, "\n")+"\n")
}

// terse answers as little as an emulator may.
var terse = map[string]string{
	"DescribeVpcs":              `<vpcSet><item><vpcId>vpc-1</vpcId><cidrBlock>10.0.0.0/16</cidrBlock></item></vpcSet>`,
	"DescribeSubnets":           `<subnetSet><item><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><cidrBlock>10.0.0.0/24</cidrBlock><availabilityZone>eu-west-1a</availabilityZone></item></subnetSet>`,
	"GetSubnetCidrReservations": ``,
	"DescribeRouteTables":       `<routeTableSet><item><routeTableId>rtb-1</routeTableId><vpcId>vpc-1</vpcId><routeSet><item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId></item></routeSet></item></routeTableSet>`,
	"DescribeNetworkInterfaces": `<networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><privateIpAddress>10.0.0.9</privateIpAddress><attachment><instanceId>i-0123456789abcdef0</instanceId></attachment></item></networkInterfaceSet>`,
	"DescribeInstances": `<reservationSet><item><instancesSet><item><instanceId>i-0123456789abcdef0</instanceId><networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId>` +
		`<subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><privateIpAddress>10.0.0.9</privateIpAddress></item></networkInterfaceSet></item></instancesSet></item></reservationSet>`,
	"AssignPrivateIpAddresses":        ``,
	"CreateRoute":                     ``,
	"ModifyNetworkInterfaceAttribute": ``,
}

func TestFieldsThatEmulatorsLeaveOutAreNotNeeded(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		action := r.FormValue("Action")
		reply, ok := terse[action]
		if !ok {
			t.Errorf("%s is called", action)
		}
		fmt.Fprintf(w, `<%sResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">%s</%[1]sResponse>`, action, reply)
	}))
	t.Cleanup(server.Close)
	vpc, _, closer, err := aws.New(t.Context(), aws.Config{Region: "eu-west-1", VPC: "vpc-1", Subnets: []string{"subnet-1"}, Endpoint: server.URL, AccessKey: "a", SecretKey: "b"}, aws.BalancerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closer)
	snap, err := vpc.Space.Read(t.Context())
	if err != nil || len(snap.Subnets) != 1 || !slices.Contains(snap.Blocks, prefix("10.0.0.0/16")) {
		t.Errorf("read %+v, %v", snap, err)
	}
	if used := snap.Subnets[0].Used; !slices.Contains(used, prefix("10.0.0.9/32")) {
		t.Errorf("used are %v", used)
	}
	for i, err := range vpc.Interfaces.List(t.Context()) {
		if err != nil || i.Version != "eni-1" || i.Subnet != "subnet-1" {
			t.Errorf("listed %+v, %v", i, err)
		}
	}
	i, err := vpc.Interfaces.Get(t.Context(), "aws:///eu-west-1a/i-0123456789abcdef0")
	if err != nil || i.Version != "eni-1" || i.Subnet != "subnet-1" {
		t.Errorf("got %+v, %v", i, err)
	}
	if _, err := vpc.Interfaces.Attach(t.Context(), i, cloud.Attachment{Prefix: prefix("10.0.0.64/27")}); err != nil {
		t.Error(err)
	}
	if _, err := vpc.Routed.Attach(t.Context(), i, cloud.Attachment{Prefix: prefix("100.64.0.0/24")}); err == nil || !strings.Contains(err.Error(), "main") {
		t.Errorf("without a main table: %v", err)
	}
}
