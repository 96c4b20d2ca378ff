package aws_test

import (
	"context"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
)

func (w *world) get(id string) cloud.Interface {
	w.Helper()
	i, err := w.settled().Interfaces.Get(w.Context(), id)
	w.must(err)
	return i
}

func (w *world) attach(i cloud.Interface, p string) error {
	_, err := w.vpc.Interfaces.Attach(w.Context(), i, cloud.Attachment{Prefix: prefix(p), Range: "pods"})
	return err
}

func (w *world) detach(i cloud.Interface, p string) error {
	_, err := w.vpc.Interfaces.Detach(w.Context(), i, cloud.Attachment{Prefix: prefix(p), Range: "pods"})
	return err
}

// wants wants an error of the reason that says all of these.
func (w *world) wants(r cloud.Reason, err error, words ...string) {
	w.Helper()
	if !cloud.Is(err, r) {
		w.Fatalf("got %s (%v), want %s", cloud.ReasonOf(err), err, r)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			w.Errorf("%q does not say %q", err, word)
		}
	}
}

// attached is the attachments, as Get gives them.
func (w *world) attached(id string, want ...string) {
	w.Helper()
	var got []string
	for _, a := range w.get(id).Attachments {
		got = append(got, a.Prefix.String())
	}
	if !slices.Equal(got, want) {
		w.Errorf("%s has %v, want %v", id, got, want)
	}
}

func TestARunIsAskedForByNameInOneCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	id := w.add("m5.8xlarge", "vm")
	w.must(w.attach(w.get(id), "10.0.65.0/24"))
	w.attached(id, "10.0.65.0/24")
	if n := w.sim.CallCounts()["AssignPrivateIpAddresses"]; n != 1 || len(w.card(id).Prefixes) != 16 {
		t.Errorf("%d calls for %d prefixes", n, len(w.card(id).Prefixes))
	}
}

func TestLimitsOfTheInstanceTypeAreNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, fits, tooMuch string
		words               []string
	}{
		{"t3.small", "10.0.64.0/27", "10.0.64.0/26", []string{"t3.small has 4 slots", "1 of them are taken", "4 more are needed", "no larger than a /27"}},
		{"t3.medium", "10.0.64.0/26", "10.0.64.0/25", []string{"t3.medium has 6 slots", "8 more are needed", "no larger than a /26"}},
		{"m5.large", "10.0.64.0/25", "10.0.64.0/24", []string{"m5.large has 10 slots", "16 more are needed", "no larger than a /25"}},
		{"m5.8xlarge", "10.0.64.0/24", "10.0.64.0/23", []string{"m5.8xlarge has 30 slots", "32 more are needed", "no larger than a /24"}},
		{"m5.24xlarge", "10.0.64.0/23", "10.0.64.0/22", []string{"m5.24xlarge has 50 slots", "no larger than a /23"}},
	} {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, awssim.Config{})
			id := w.add(c.kind, "vm")
			w.wants(cloud.LimitExceeded, w.attach(w.get(id), c.tooMuch), c.words...)
			w.attached(id)
			w.must(w.attach(w.get(id), c.fits))
			w.attached(id, c.fits)
		})
	}
}

func TestTypesWithoutPrefixesAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	id := w.add("t2.medium", "vm")
	w.wants(cloud.LimitExceeded, w.attach(w.get(id), "10.0.64.0/28"), "t2.medium", "Nitro")
}

func TestSlotsThatOthersUsedAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	id := w.add("t3.medium", "vm")
	w.must(w.sim.Assign(w.card(id).ID, prefix("10.0.1.0/28"), prefix("10.0.1.32/28")))
	w.wants(cloud.LimitExceeded, w.attach(w.get(id), "10.0.64.0/26"), "3 of them are taken", "no larger than a /27")
	w.must(w.attach(w.get(id), "10.0.64.0/27"))
	w.wants(cloud.LimitExceeded, w.attach(w.get(id), "10.0.64.32/27"), "larger instance type")
}

// TestAnInstanceHasOneName: its zone is part of that.
func TestAnInstanceHasOneName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	id := w.add("m5.large", "vm")
	_, err := w.vpc.Interfaces.Get(t.Context(), strings.Replace(id, zone, "eu-west-1c", 1))
	w.wants(cloud.WrongCloud, err, "the instance is in zone "+zone)
	_, err = w.vpc.Interfaces.Get(t.Context(), strings.Replace(id, zone, "", 1))
	w.wants(cloud.WrongCloud, err, "topology.kubernetes.io/zone")
}

// TestAddressesThatHoldSlotsAreNamed: a larger type is the remedy only where
// nothing else fills the slots than prefixes.
func TestAddressesThatHoldSlotsAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	id := w.add("m5.large", "vm")
	card := w.card(id).ID
	var left []string
	for n := range 9 {
		left = append(left, fmt.Sprintf("10.0.2.%d", 10+n))
	}
	hands := ec2.New(ec2.Options{Region: "eu-west-1", BaseEndpoint: &w.url, Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", "")})
	_, err := hands.AssignPrivateIpAddresses(t.Context(), &ec2.AssignPrivateIpAddressesInput{NetworkInterfaceId: &card, PrivateIpAddresses: left})
	w.must(err)
	said := func(text string, bits int) {
		t.Helper()
		l, err := w.vpc.Interfaces.Limit(t.Context(), w.get(id))
		w.must(err)
		if l.Bits != bits || !strings.Contains(l.Remedy, text) || strings.Contains(l.Remedy, "instance type") != (text == "larger instance type") {
			t.Errorf("the limit is %+v, want /%d, and to hear of %s", l, bits, text)
		}
	}
	said("interface "+card+", which hold 9 of its slots", cloud.TakesNone)
	said(strings.Join(left, ", "), cloud.TakesNone)
	said("after which it takes up to a /25", cloud.TakesNone)
	w.wants(cloud.LimitExceeded, w.attach(w.get(id), "10.0.64.0/28"), "unassign the secondary addresses of interface "+card, left[8])

	_, err = hands.UnassignPrivateIpAddresses(t.Context(), &ec2.UnassignPrivateIpAddressesInput{NetworkInterfaceId: &card, PrivateIpAddresses: left[:8]})
	w.must(err)
	said("larger instance type", 25) // nine would be no larger a run than eight
	if l, err := w.vpc.Interfaces.Limit(t.Context(), w.get(id)); err != nil || l.Pieces != 8 {
		t.Errorf("it takes %d more /28s wherever they lie, and not 8: %v", l.Pieces, err)
	}
	w.must(w.attach(w.get(id), "10.0.64.0/25"))
	w.wants(cloud.LimitExceeded, w.attach(w.get(id), "10.0.65.0/28"), "unassign the secondary addresses of interface "+card)
	_, err = hands.UnassignPrivateIpAddresses(t.Context(), &ec2.UnassignPrivateIpAddressesInput{NetworkInterfaceId: &card, PrivateIpAddresses: left[8:]})
	w.must(err)
	w.must(w.attach(w.get(id), "10.0.65.0/28"))
	w.wants(cloud.LimitExceeded, w.attach(w.get(id), "10.0.65.16/28"), "larger instance type")
}

func TestARunThatLostPiecesIsMadeWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	id := w.add("m5.8xlarge", "vm")
	whole := w.get(id)
	w.must(w.attach(whole, "10.0.65.0/24"))
	w.must(w.sim.Unassign(w.card(id).ID, prefix("10.0.65.16/28"), prefix("10.0.65.240/28")))
	w.attached(id, "10.0.65.0/28", "10.0.65.32/27", "10.0.65.64/26", "10.0.65.128/26", "10.0.65.192/27", "10.0.65.224/28")
	w.must(w.attach(w.get(id), "10.0.65.0/24"))
	w.attached(id, "10.0.65.0/24")
	// So too by old knowledge, and taken back in pieces.
	w.must(w.sim.Unassign(w.card(id).ID, prefix("10.0.65.16/28")))
	w.must(w.attach(whole, "10.0.65.0/24"))
	w.attached(id, "10.0.65.0/24")
	w.must(w.sim.Unassign(w.card(id).ID, prefix("10.0.65.16/28")))
	w.must(w.detach(w.get(id), "10.0.65.0/24"))
	w.attached(id)
}

func TestWhatOthersHoldInARunIsConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	id := w.add("m5.8xlarge", "vm")
	// An interface of a load balancer was there before the range.
	_, err := w.sim.AddInterface(awssim.Interface{Subnet: w.subnet, IP: netip.MustParseAddr("10.0.66.77"), Description: "ELB net/lb"})
	w.must(err)
	other := w.add("m5.8xlarge", "other")
	w.must(w.attach(w.get(other), "10.0.67.128/25"))
	for _, p := range []string{"10.0.66.0/24", "10.0.67.0/24"} {
		w.wants(cloud.Conflict, w.attach(w.get(id), p), "delegate prefix "+p, "assigned")
	}
	w.attached(id) // nothing of it
}

func TestAPrefixMovedAwayIsSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	id, thief := w.add("m5.8xlarge", "vm"), w.add("m5.8xlarge", "thief")
	w.must(w.attach(w.get(id), "10.0.65.0/24"))
	held := w.get(id)
	w.must(w.sim.Move(w.card(thief).ID, prefix("10.0.65.0/28")))
	if w.get(id).Holds(prefix("10.0.65.0/24")) {
		t.Error("it seems whole")
	}
	w.wants(cloud.Conflict, w.attach(held, "10.0.65.0/24"))
	w.must(w.detach(held, "10.0.65.0/24"))
	w.attached(id)
	w.attached(thief, "10.0.65.0/28")
}

func TestPrefixesThatCannotBeAreInvalid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	i := w.get(w.add("m5.8xlarge", "vm"))
	calls := w.sim.MutatingCalls()
	for _, p := range []netip.Prefix{prefix("10.0.65.0/29"), prefix("10.0.65.0/15"), netip.MustParsePrefix("10.0.65.1/24"), prefix("2001:db8::/64"), {}} {
		_, err := w.vpc.Interfaces.Attach(t.Context(), i, cloud.Attachment{Prefix: p})
		w.wants(cloud.Invalid, err, "whole /28s")
	}
	if w.sim.MutatingCalls() != calls {
		t.Error("one was asked for")
	}
	w.wants(cloud.Invalid, w.attach(i, "10.1.0.0/28"), "subnet's address range")
}

func TestMachinesThatCannotBeServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	away, err := w.sim.AddVPC(prefix("10.9.0.0/16"))
	w.must(err)
	far, err := w.sim.AddSubnet(away, prefix("10.9.0.0/24"), zone)
	w.must(err)
	vm, err := w.sim.AddInstance(awssim.Instance{Interfaces: []awssim.Interface{{Subnet: far}}})
	w.must(err)
	_, err = w.settled().Interfaces.Get(t.Context(), "aws:///"+zone+"/"+vm.ID)
	w.wants(cloud.WrongCloud, err, w.vpcID)
	// In the VPC, but in no node subnet.
	other := w.connect(func(c *aws.Config) { c.Subnets = nil })
	id := w.add("m5.large", "vm")
	i, err := other.Interfaces.Get(t.Context(), id)
	w.must(err)
	if i.Subnet != "" || i.SubnetName != w.subnet {
		t.Errorf("its subnet is %q, by name %q", i.Subnet, i.SubnetName)
	}
	_, err = other.Interfaces.Attach(t.Context(), i, cloud.Attachment{Prefix: prefix("10.0.65.0/28")})
	w.wants(cloud.Invalid, err, w.subnet)
}

func TestAStoppedInstanceKeepsItsRange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	id := w.add("m5.8xlarge", "vm")
	w.must(w.attach(w.get(id), "10.0.65.0/24"))
	w.must(w.sim.StopInstance(path.Base(id)))
	w.attached(id, "10.0.65.0/24")
	w.must(w.sim.TerminateInstance(path.Base(id)))
	_, err := w.settled().Interfaces.Get(t.Context(), id)
	w.wants(cloud.NotFound, err, "terminated")
	for i, err := range w.settled().Interfaces.List(t.Context()) {
		t.Errorf("the list has %+v, %v", i, err)
	}
}

func TestAnInterfaceDeletedByHandIsNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	id := w.add("m5.8xlarge", "vm")
	i := w.get(id)
	w.must(w.sim.DeleteInterface(w.card(id).ID))
	w.wants(cloud.WrongCloud, w.attach(i, "10.0.65.0/24"), "none of its interfaces")
}

func TestWhatOtherInterfacesHoldIsElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	vm, err := w.sim.AddInstance(awssim.Instance{Type: "m5.large", Interfaces: []awssim.Interface{
		{Subnet: w.subnet, IP: netip.MustParseAddr("10.0.7.7"), Secondary: []netip.Addr{netip.MustParseAddr("10.0.64.9")}, Prefixes: []netip.Prefix{prefix("10.0.65.0/28")}},
		{Subnet: w.subnet, IP: netip.MustParseAddr("10.0.7.8"), Prefixes: []netip.Prefix{prefix("10.0.66.0/28"), prefix("10.0.66.16/28")}},
	}})
	w.must(err)
	id := "aws:///" + zone + "/" + vm.ID
	want := []netip.Prefix{prefix("10.0.66.0/27")}
	if got := w.get(id); !slices.Equal(got.Elsewhere, want) || got.Version != vm.Interfaces[0].ID {
		t.Errorf("got %+v", got)
	}
	w.attached(id, "10.0.65.0/28")
	for i, err := range w.settled().Interfaces.List(t.Context()) {
		if w.must(err); i.Instance != id || !slices.Equal(i.Elsewhere, want) {
			t.Errorf("listed %+v", i)
		}
	}
	snap, err := w.settled().Space.Read(t.Context())
	w.must(err)
	for _, p := range []string{"10.0.7.7/32", "10.0.7.8/32", "10.0.64.9/32"} {
		if !slices.ContainsFunc(snap.Subnets[0].Used, func(u netip.Prefix) bool { return u.Overlaps(prefix(p)) }) {
			t.Errorf("%s is not among the used, %v", p, snap.Subnets[0].Used)
		}
	}
}

// However old what is read may be, only EC2's own answer makes a change done,
// whichever of the two answers it gives to one that was made before.
func TestStaleReadsMakeNothingSeemDone(t *testing.T) {
	t.Parallel()
	for _, again := range []bool{false, true} {
		w := newWorld(t, awssim.Config{AssignAgain: again})
		id := w.add("m5.8xlarge", "vm", cloud.Attachment{Prefix: prefix("10.0.65.0/24")})
		held := w.get(id)
		w.must(w.attach(held, "10.0.65.0/24")) // it is there
		w.attached(id, "10.0.65.0/24")

		w.must(w.sim.Unassign(w.card(id).ID, split(prefix("10.0.65.0/24"))...))
		stale := w.sim.Inject(awssim.Fault{Action: "DescribeInstances", StaleChanges: 1})
		w.must(w.attach(held, "10.0.65.0/24"))
		stale.Remove()
		w.attached(id, "10.0.65.0/24")

		stale = w.sim.Inject(awssim.Fault{Action: "DescribeInstances", StaleChanges: 1})
		empty := w.get(id)
		if len(empty.Attachments) > 0 {
			t.Fatal("the read is not stale")
		}
		w.must(w.detach(empty, "10.0.65.0/24"))
		stale.Remove()
		w.attached(id)
		w.must(w.detach(w.get(id), "10.0.65.0/24")) // it is gone
	}
}

func TestAFreshInterfaceIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	id := w.add("m5.8xlarge", "vm")
	i := w.get(id)
	unknown := &awssim.APIError{Status: 400, Code: "InvalidNetworkInterfaceID.NotFound", Message: "The networkInterface ID does not exist"}
	w.sim.Inject(awssim.Fault{Action: "AssignPrivateIpAddresses", Count: 3, Error: unknown})
	w.must(w.attach(i, "10.0.65.0/24"))
	w.attached(id, "10.0.65.0/24")
}

// The second try finds its own first one in the way, while reads do not show
// it yet.
func TestALostReplyAndStaleReadsAreSettled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	id := w.add("m5.8xlarge", "vm")
	i := w.get(id)
	w.sim.Inject(awssim.Fault{Action: "AssignPrivateIpAddresses", Count: 1, LostReply: true})
	w.sim.Inject(awssim.Fault{Action: "DescribeInstances", Count: 2, StaleChanges: 1})
	w.must(w.attach(i, "10.0.65.0/24"))
	w.attached(id, "10.0.65.0/24")
	i = w.get(id)
	w.sim.Inject(awssim.Fault{Action: "UnassignPrivateIpAddresses", Count: 1, LostReply: true})
	w.sim.Inject(awssim.Fault{Action: "DescribeInstances", Count: 2, StaleChanges: 1})
	w.must(w.detach(i, "10.0.65.0/24"))
	w.attached(id)
}

func TestAnOutcomeThatStaysUnknownIsSaidSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{}, func(c *aws.Config) { c.Retries = 2 })
	id := w.add("m5.8xlarge", "vm")
	i := w.get(id)
	w.sim.Inject(awssim.Fault{Action: "AssignPrivateIpAddresses", LostReply: true})
	w.sim.Inject(awssim.Fault{Action: "DescribeInstances", StaleChanges: 1})
	w.wants(cloud.OutcomeUnknown, w.attach(i, "10.0.65.0/24"), "read back")
}

func TestEverySecondCallThrottled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	w.sim.Inject(awssim.Fault{Every: 2, Error: awssim.Throttled()})
	var all sync.WaitGroup
	for n := range 20 {
		id := w.add("m5.8xlarge", "vm")
		all.Go(func() {
			p := nth(podRange, 25, n)
			i, err := w.settled().Interfaces.Get(t.Context(), id)
			if err == nil {
				_, err = w.vpc.Interfaces.Attach(t.Context(), i, cloud.Attachment{Prefix: p})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i, err := range w.settled().Interfaces.List(t.Context()) {
		if w.must(err); len(i.Attachments) != 1 {
			t.Errorf("%s has %v", i.Instance, i.Attachments)
		}
	}
}

func TestEveryRequestPassesTheHookOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]int{}
	w := newWorld(t, awssim.Config{}, func(c *aws.Config) {
		c.Hook = func(ctx context.Context, call cloud.Call, next func(context.Context) error) error {
			mu.Lock()
			defer mu.Unlock()
			seen[call.Method]++
			if call.Scope != "eu-west-1/"+call.Method || call.Mutates != strings.Contains("AssignPrivateIpAddresses UnassignPrivateIpAddresses", call.Method) {
				t.Errorf("the call reads %+v", call)
			}
			return next(ctx)
		}
	})
	id := w.add("m5.8xlarge", "vm")
	w.sim.Inject(awssim.Fault{Count: 3, Error: awssim.InternalError()})
	i := w.get(id)
	w.sim.Inject(awssim.Fault{Action: "AssignPrivateIpAddresses", Count: 1, LostReply: true})
	w.must(w.attach(i, "10.0.65.0/24"))
	w.must(w.detach(w.get(id), "10.0.65.0/24"))
	counts := w.sim.CallCounts()
	mu.Lock()
	defer mu.Unlock()
	for action, n := range counts {
		if seen[action] != n {
			t.Errorf("%s: %d requests, %d seen by the hook", action, n, seen[action])
		}
	}
}

func TestAHungCallIsGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{}, func(c *aws.Config) { c.CallTimeout = time.Second })
	id := w.add("m5.8xlarge", "vm")
	i := w.get(id)
	w.sim.Inject(awssim.Fault{Action: "AssignPrivateIpAddresses", Count: 1, Hang: make(chan struct{})})
	w.must(w.attach(i, "10.0.65.0/24"))
	w.attached(id, "10.0.65.0/24")
}

func TestFragmentationIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	id := w.add("m5.8xlarge", "vm")
	w.sim.Inject(awssim.Fault{Action: "AssignPrivateIpAddresses", Error: &awssim.APIError{Status: 400, Code: "InsufficientCidrBlocks",
		Message: "The specified subnet does not have enough free cidr blocks to satisfy the request."}})
	w.wants(cloud.Conflict, w.attach(w.get(id), "10.0.65.0/24"), "InsufficientCidrBlocks", "however many single addresses", "another block", "grow")
	w.attached(id)
}

func TestAReplacedMachineHoldsNothingOfTheOld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	old := w.add("m5.8xlarge", "vm")
	was := w.get(old)
	w.must(w.attach(was, "10.0.65.0/24"))
	w.must(w.sim.TerminateInstance(path.Base(old)))
	w.wants(cloud.NotFound, w.attach(was, "10.0.66.0/24"), "terminated")
	w.wants(cloud.NotFound, w.detach(was, "10.0.65.0/24"), "terminated")
	heir := w.add("m5.8xlarge", "vm")
	w.attached(heir)
	w.must(w.attach(w.get(heir), "10.0.65.0/24"))
}
