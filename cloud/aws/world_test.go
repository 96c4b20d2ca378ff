package aws_test

import (
	"encoding/binary"
	"net/netip"
	"path"
	"slices"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/cloudtest"
)

const (
	zone = "eu-west-1a"
	// podRange is a reservation in the one node subnet, 10.0.0.0/16.
	podRange = "10.0.64.0/18"
	// nodeBits is the size of a node's range: four prefixes.
	nodeBits = 26
	// readLag is what the adapter reckons with: more than the simulator's.
	readLag = 100 * time.Millisecond
)

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// nth is the n-th block of that length in a parent.
func nth(parent string, bits, n int) netip.Prefix {
	a := prefix(parent).Addr().As4()
	at := binary.BigEndian.Uint32(a[:]) + uint32(n)<<(32-bits)
	binary.BigEndian.PutUint32(a[:], at)
	return netip.PrefixFrom(netip.AddrFrom4(a), bits)
}

// split is the /28s of a prefix.
func split(p netip.Prefix) (out []netip.Prefix) {
	for n := range 1 << (28 - p.Bits()) {
		out = append(out, nth(p.String(), 28, n))
	}
	return out
}

// world is cloudtest.World on an awssim.Sim with a VPC and a node subnet of
// 10.0.0.0/16, in which "pods" is reserved, and an adapter to it. Machines are
// of a type that takes 29 prefixes.
type world struct {
	cloudtest.World // what EC2 has not
	*testing.T
	sim    *awssim.Sim
	url    string
	vpcID  string
	subnet string
	vpc    *cloud.VPC
}

func newWorld(t *testing.T, c awssim.Config, edits ...func(*aws.Config)) *world {
	t.Helper()
	w := &world{T: t, sim: awssim.New(c)}
	url, stop, err := w.sim.Serve("127.0.0.1:0")
	w.must(err)
	t.Cleanup(stop)
	w.url = url
	w.vpcID, err = w.sim.AddVPC(prefix("10.0.0.0/16"))
	w.must(err)
	w.subnet, err = w.sim.AddSubnet(w.vpcID, prefix("10.0.0.0/16"), zone)
	w.must(err)
	w.AddRange(cloud.Range{Subnet: w.subnet, Name: "pods", Prefix: prefix(podRange)})
	w.vpc = w.connect(edits...)
	return w
}

// connect makes another adapter to the same cloud.
func (w *world) connect(edits ...func(*aws.Config)) *cloud.VPC {
	w.Helper()
	c := aws.Config{
		Region: "eu-west-1", VPC: w.vpcID, Subnets: []string{w.subnet}, Endpoint: w.url, AccessKey: "AKID", SecretKey: "secret",
		RetryPolicy: cloud.RetryPolicy{BackoffMin: time.Millisecond, BackoffMax: 50 * time.Millisecond}, ReadLag: readLag,
	}
	for _, edit := range edits {
		edit(&c)
	}
	vpc, _, closer, err := aws.New(w.Context(), c, aws.BalancerConfig{})
	w.must(err)
	w.Cleanup(closer)
	return vpc
}

// settled is the VPC, whose reads show all that was done so far.
func (w *world) settled() *cloud.VPC {
	w.sim.Settle()
	return w.vpc
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) AddInstance(name string, holds ...cloud.Attachment) string {
	w.Helper()
	return w.add("m5.8xlarge", name, holds...)
}

func (w *world) add(kind, name string, holds ...cloud.Attachment) string {
	w.Helper()
	card := awssim.Interface{Subnet: w.subnet}
	for _, a := range holds {
		card.Prefixes = append(card.Prefixes, split(a.Prefix)...)
	}
	i, err := w.sim.AddInstance(awssim.Instance{Type: kind, Tags: map[string]string{"Name": name}, Interfaces: []awssim.Interface{card}})
	w.must(err)
	return "aws:///" + zone + "/" + i.ID
}

func (w *world) Delete(id string) {
	w.Helper()
	w.must(w.sim.TerminateInstance(path.Base(id)))
}

// card is the primary interface.
func (w *world) card(id string) awssim.Interface {
	w.Helper()
	i, ok := w.sim.Instance(path.Base(id))
	if !ok {
		w.Fatalf("%s is gone", id)
	}
	return i.Interfaces[0]
}

func (w *world) Put(id string, a cloud.Attachment) {
	w.Helper()
	w.must(w.sim.Assign(w.card(id).ID, split(a.Prefix)...))
}

// Held returns the pieces of the pod range that are whole, and /28s else.
func (w *world) Held(id string) (out []cloud.Attachment) {
	w.Helper()
	held := w.card(id).Prefixes
	for _, p := range held {
		whole := netip.PrefixFrom(p.Addr(), nodeBits).Masked()
		if slices.ContainsFunc(split(whole), func(q netip.Prefix) bool { return !slices.Contains(held, q) }) {
			out = append(out, cloud.Attachment{Prefix: p, Range: "pods"})
		} else if whole.Addr() == p.Addr() {
			out = append(out, cloud.Attachment{Prefix: whole, Range: "pods"})
		}
	}
	return out
}

func (w *world) AddRange(r cloud.Range) {
	w.Helper()
	_, err := w.sim.AddReservation(awssim.Reservation{Subnet: r.Subnet, Prefix: r.Prefix, Tags: map[string]string{"Name": r.Name}})
	w.must(err)
}

func (w *world) Ranges() (out []cloud.Range) {
	for _, r := range w.sim.Reservations(w.subnet) {
		out = append(out, cloud.Range{Subnet: w.subnet, Name: r.Tags["Name"], Prefix: r.Prefix})
	}
	return out
}

// actions are the calls of each kind.
var actions = map[cloudtest.Kind]string{
	cloudtest.Listing:   "DescribeNetworkInterfaces",
	cloudtest.Getting:   "DescribeInstances",
	cloudtest.Attaching: "*ssignPrivateIpAddresses",
	cloudtest.Ranging:   "*SubnetCidrReservation",
}

func (w *world) Strike(k cloudtest.Kind, f cloudtest.Fault, n int) {
	fault := awssim.Fault{Action: actions[k], Count: n}
	switch f {
	case cloudtest.Throttle:
		fault.Error = awssim.Throttled()
	case cloudtest.LostReply:
		fault.LostReply = true
	case cloudtest.Fail:
		fault.Error = awssim.InternalError()
	}
	w.sim.Inject(fault)
}

func (w *world) Before(k cloudtest.Kind, act func()) {
	w.sim.Inject(awssim.Fault{Action: actions[k], Count: 1, Before: func(awssim.Call) { act() }})
}

// SlowDown does nothing: no change of an interface takes time.
func (w *world) SlowDown(time.Duration) {}

func (w *world) Count(k cloudtest.Kind) int {
	n := 0
	for action, calls := range w.sim.CallCounts() {
		if ok, _ := path.Match(actions[k], action); ok {
			n += calls
		}
	}
	return n
}
