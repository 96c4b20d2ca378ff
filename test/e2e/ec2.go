package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/test/invariants"
)

const ec2Zone = "eu-west-1a"

// EC2 is a simulated EC2 that is served at an endpoint: one VPC with two
// public subnets.
type EC2 struct {
	sim      *awssim.Sim
	endpoint string
	vpc      string
	subnets  map[string]ec2Subnet // by the story's names

	mu     sync.Mutex
	made   int
	ids    map[string]string // of instances, by the story's names
	tables map[string]string // route tables made by hand, by the story's names
	nics   map[string]string // machines by their interfaces
	delays map[string]*awssim.Injected
}

type ec2Subnet struct {
	id      string
	primary netip.Prefix
}

// NewEC2 makes one, and serves it until stop.
func NewEC2(behaves awssim.Config) (_ Cloud, stop func(), err error) {
	e := &EC2{sim: awssim.New(behaves), subnets: map[string]ec2Subnet{}, ids: map[string]string{}, tables: map[string]string{}, nics: map[string]string{}, delays: map[string]*awssim.Injected{}}
	blocks := map[string]netip.Prefix{subnet: netip.MustParsePrefix("10.2.0.0/16"), otherSub: netip.MustParsePrefix("10.3.0.0/16")}
	if e.vpc, err = e.sim.AddVPC(blocks[subnet], blocks[otherSub]); err != nil {
		return nil, nil, err
	}
	gateway, err := e.sim.AddInternetGateway(e.vpc)
	if err == nil {
		err = e.sim.AddRoute(e.vpc, netip.MustParsePrefix("0.0.0.0/0"), gateway)
	}
	if err != nil {
		return nil, nil, err
	}
	for name, p := range blocks {
		id, err := e.sim.AddSubnet(e.vpc, p, ec2Zone)
		if err != nil {
			return nil, nil, err
		}
		e.subnets[name] = ec2Subnet{id, p}
	}
	e.endpoint, stop, err = e.sim.Serve("127.0.0.1:0")
	return e, stop, err
}

func (e *EC2) Flags() []string {
	return []string{"--cloud=aws", "--aws-endpoint=" + e.endpoint, "--aws-no-auth"}
}

func (e *EC2) Words() map[string]string {
	return map[string]string{
		"VPC": e.vpc, "NODES": e.subnets[subnet].id, "ELSEWHERE": e.subnets[otherSub].id,
		"VPC_AND_NODES": fmt.Sprintf("aws: {vpcID: %s, region: eu-west-1, subnets: [%s]}", e.vpc, e.subnets[subnet].id),
		"NO_SUCH_VPC":   fmt.Sprintf("aws: {vpcID: vpc-00000000000000000, region: eu-west-1, subnets: [%s]}", e.subnets[subnet].id),
		"VPC_AND_BOTH":  fmt.Sprintf("aws: {vpcID: %s, region: eu-west-1, subnets: [%s, %s]}", e.vpc, e.subnets[subnet].id, e.subnets[otherSub].id),
		// The subnet's first addresses are AWS's, so that its upper half is
		// the largest block there is.
		"PODS": "10.2.128.0/17", "PODS_LENGTH": "17", "POD": `10\.2\.\d+\.\d+`, "HAND": "10.2.200.0/24", "LOWEST": "10.2.128.0/24",
		"PODS_BESIDE": "10.2.128.0/17",
		"THEIRS":      "10.2.32.0/20", "THEIRS_UPPER": "10.2.40.0/24", "KEPT": "10.2.16.0/24", "OWN_BLOCK": "10.2.0.0/20",
		"RANGE": "SubnetReservation", "TAKEN": "InvalidParameterValue", "CARVED": "20",
		"CARVABLE": "[10.2.16.0/20, 10.2.32.0/20, 10.2.48.0/20, 10.2.64.0/20, 10.2.80.0/20, 10.2.96.0/20]",
		"BEYOND":   "StaticRoute +rtb-[0-9a-f]+/tgw-0123456789abcdef0", "BEYOND_RIGHT": "ec2:GetManagedPrefixListEntries",
		// A node has room for its max pods, once.
		"FOR_110": "25", "FOR_32": "27", "FILL_24": "250", "FILL_25": "128", "FILL_26": "64", "UNDERSIZED": "24",
	}
}

// Add makes an instance, of a type with room for a /24 of prefixes unless it is
// told another.
func (e *EC2) Add(machine string, o map[string]string) error {
	for key := range o {
		if key != "subnet" && key != "type" {
			return fmt.Errorf("EC2 has no %s", key)
		}
	}
	i, err := e.sim.AddInstance(awssim.Instance{ID: e.ID(machine), Type: or(o["type"], "m5.4xlarge"), Tags: map[string]string{"Name": machine},
		Interfaces: []awssim.Interface{{Subnet: e.subnetID(or(o["subnet"], subnet))}}})
	e.remember(machine, i)
	return err
}

// ID is that of the instance of a name, or of the next one.
func (e *EC2) ID(machine string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ids[machine] == "" {
		e.made++
		e.ids[machine] = fmt.Sprintf("i-%017x", 0xabc000+e.made)
	}
	return e.ids[machine]
}

// Delete terminates an instance; the next one of its name has another ID.
func (e *EC2) Delete(machine string) error {
	id := e.ID(machine)
	e.mu.Lock()
	delete(e.ids, machine)
	e.mu.Unlock()
	return e.sim.TerminateInstance(id)
}

func (e *EC2) ProviderID(machine string) string { return "aws:///" + ec2Zone + "/" + e.ID(machine) }

func (e *EC2) Subnet(name string) string { return e.subnets[name].id }

// Route leads to a machine, where the name is one's.
func (e *EC2) Route(name string, to netip.Prefix) error {
	if nic, ok := e.nicOf(name); ok {
		return e.sim.AddRoute(e.vpc, to, nic)
	}
	return e.sim.AddRoute(e.vpc, to, "vgw-0123456789abcdef0")
}

func (e *EC2) Beyond(prefixes ...netip.Prefix) error {
	list, err := e.sim.AddPrefixList(max(10, len(prefixes)), prefixes...)
	if err != nil {
		return err
	}
	return e.sim.AddRouteToList(e.vpc, list, "tgw-0123456789abcdef0")
}

// ec2Methods and ec2Errors are the words that hold on any cloud.
var (
	ec2Methods = map[string]string{
		"attach": "AssignPrivateIpAddresses", "detach": "UnassignPrivateIpAddresses",
		"look": "Describe*", "carve": "CreateSubnetCidrReservation", "uncarve": "DeleteSubnetCidrReservation",
		"list": "DescribeNetworkInterfaces", "read": "DescribeInstances", "survey": "GetSubnetCidrReservations", "beyond": "GetManagedPrefixListEntries",
	}
	ec2Errors = map[string]string{
		"unauthenticated": "401:AuthFailure", "throttled": "503:RequestLimitExceeded", "denied": "403:UnauthorizedOperation", "unavailable": "503:Unavailable",
		"in-use": "400:DependencyViolation",
	}
)

func (e *EC2) Inject(f Fault) error {
	out := awssim.Fault{Action: or(ec2Methods[f.Method], f.Method), Resource: f.Resource, Count: f.Count, Skip: f.Skip, LostReply: f.Lost, Before: pause(f.Slow), StaleFor: f.Stale}
	if said := or(ec2Errors[f.Error], f.Error); said != "" {
		text, code, _ := strings.Cut(said, ":")
		status, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		out.Error = &awssim.APIError{Status: status, Code: code, Message: or(f.Message, http.StatusText(status))}
	}
	if f.Operation != "" {
		return fmt.Errorf("EC2 has no operations that end as %s", f.Operation)
	}
	e.sim.Inject(out)
	return nil
}

// pause has a call wait.
func pause(d time.Duration) func(awssim.Call) {
	if d == 0 {
		return nil
	}
	return func(awssim.Call) { time.Sleep(d) }
}

func (e *EC2) Heal() { e.sim.ClearFaults() }

// Delay has the change wait: calls of EC2 are done when they answer.
func (e *EC2) Delay(method string, d time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if was := e.delays[method]; was != nil {
		was.Remove()
	}
	delete(e.delays, method)
	if d > 0 {
		e.delays[method] = e.sim.Inject(awssim.Fault{Action: or(ec2Methods[method], method), Before: pause(d)})
	}
}

func (e *EC2) Machines() (out []invariants.Machine) {
	subnets := e.Subnets()
	for _, i := range e.sim.Instances() {
		m := invariants.EC2Machine(i, subnets)
		for _, nic := range i.Interfaces {
			m.Carried = append(m.Carried, e.led(nic.ID)...)
		}
		out = append(out, m)
	}
	return out
}

func (e *EC2) Subnets() (out []invariants.Subnet) {
	for _, name := range slices.Sorted(maps.Keys(e.subnets)) {
		s := e.subnets[name]
		out = append(out, invariants.EC2Subnet(s.id, s.primary, e.sim.Reservations(s.id)))
	}
	for _, s := range e.newSubnets() {
		one := invariants.EC2Subnet(s.ID, s.Prefix, e.sim.Reservations(s.ID))
		one.Ours = true
		out = append(out, one)
	}
	return out
}

// newSubnets are those that were made for new nodes.
func (e *EC2) newSubnets() []awssim.Subnet {
	return slices.DeleteFunc(e.sim.Subnets(e.vpc), func(s awssim.Subnet) bool { return !strings.HasPrefix(s.Tags["Name"], "vn-") })
}

// subnetID is that of a subnet by the story's name; "made" is the last one that
// was made for new nodes.
func (e *EC2) subnetID(name string) string {
	if made := e.newSubnets(); name == "made" && len(made) > 0 {
		return made[len(made)-1].ID
	}
	return e.subnets[name].id
}

func (e *EC2) Rules() []invariants.Rule { return nil }
func (e *EC2) Parts() []invariants.Part { return invariants.EC2Parts(e.sim) }
func (e *EC2) Changes() int             { return e.sim.MutatingCalls() }
func (e *EC2) Calls() map[string]int    { return e.sim.CallCounts() }

func (e *EC2) Journal() []invariants.Call { return invariants.EC2Calls(e.sim.Calls()) }

func (e *EC2) Met(method, reason string) (n int) {
	_, code, worded := strings.Cut(ec2Errors[reason], ":")
	if worded {
		reason = code
	}
	for _, c := range e.sim.Calls() {
		if c.Action == or(ec2Methods[method], method) && c.Code == reason {
			n++
		}
	}
	return n
}
