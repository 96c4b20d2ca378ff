package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// GCE is a simulated Compute Engine that is served at Endpoint.
type GCE struct {
	Sim      *gcesim.Sim
	Endpoint string
}

// NewGCE makes one of one network with two subnets, and serves it until stop.
func NewGCE(behaves gcesim.Config) (_ Cloud, stop func(), err error) {
	behaves.Projects = []string{project}
	sim := gcesim.New(behaves)
	if err := sim.AddNetwork(gcesim.Network{Project: project, Name: network, ULA: true}); err != nil {
		return nil, nil, err
	}
	for name, primary := range map[string]string{subnet: "10.128.0.0/20", otherSub: "10.129.0.0/20"} {
		err := sim.AddSubnetwork(gcesim.Subnetwork{
			Project: project, Region: region, Name: name, Network: network, Primary: netip.MustParsePrefix(primary)})
		if err != nil {
			return nil, nil, err
		}
	}
	endpoint, stop, err := sim.Serve("127.0.0.1:0")
	return &GCE{Sim: sim, Endpoint: endpoint}, stop, err
}

// gceOf gives the simulator to a command that only Compute Engine has.
func gceOf(ts *testscript.TestScript) *gcesim.Sim {
	g, ok := worldOf(ts).Cloud.(*GCE)
	if !ok {
		ts.Fatalf("this command is about Compute Engine")
	}
	return g.Sim
}

func (g *GCE) Flags() []string {
	return []string{"--gcp-endpoint=" + g.Endpoint, "--gcp-no-auth"}
}

func (g *GCE) Words() map[string]string {
	return map[string]string{
		"NODES": subnet, "ELSEWHERE": otherSub,
		"VPC_AND_NODES": "gcp: {project: demo, network: vpc, region: us-central1, subnetworks: [nodes]}",
		"NO_SUCH_VPC":   "gcp: {project: demo, network: nowhere, region: us-central1, subnetworks: [nodes]}",
		"VPC_AND_BOTH":  "gcp: {project: demo, network: vpc, region: us-central1, subnetworks: [nodes, elsewhere]}",
		"PODS":          "10.0.0.0/16", "PODS_LENGTH": "16", "POD": `10\.0\.\d+\.\d+`, "HAND": "10.0.7.0/24", "LOWEST": "10.0.0.0/24",
		"PODS_BESIDE": "10.3.0.0/16", // with 10.0.0.0/20 and 10.2.16.0/24 taken
		"THEIRS":      "10.5.0.0/20", "THEIRS_UPPER": "10.5.8.0/24", "KEPT": "10.1.0.0/16", "OWN_BLOCK": "10.128.0.0/20",
		"RANGE": "SecondaryRange", "TAKEN": "invalid", "CARVED": "16",
		"CARVABLE": "[10.0.0.0/16, 10.2.0.0/16, 10.3.0.0/16, 10.4.0.0/16, 10.5.0.0/16, 10.6.0.0/16, 10.7.0.0/16]",
		"BEYOND":   "DynamicRoute +us-central1/hub/onprem", "BEYOND_RIGHT": "compute.routers.list",
		// A node has room for its max pods, twice.
		"FOR_110": "24", "FOR_32": "26", "FILL_24": "110", "FILL_25": "64", "FILL_26": "32", "UNDERSIZED": "24",
	}
}

func (g *GCE) Add(machine string, o map[string]string) error {
	nic := gcesim.Interface{Subnetwork: or(o["subnet"], subnet), StackType: stackTypes[o["stack"]]}
	if a := o["alias"]; a != "" {
		name, cidr, _ := strings.Cut(a, ":")
		nic.Aliases = []gcesim.Alias{{RangeName: name, Prefix: netip.MustParsePrefix(cidr)}}
	}
	return whenReady(func() error {
		_, err := g.Sim.AddInstance(gcesim.Instance{Project: project, Zone: or(o["zone"], zone), Name: machine, Interfaces: []gcesim.Interface{nic}})
		return err
	})
}

// whenReady tries again while an operation of somebody else is under way on
// what is changed, as people's tools do.
func whenReady(change func() error) (err error) {
	_ = Eventually(patience, func() error {
		err = change()
		if r := (*gcesim.APIError)(nil); errors.As(err, &r) && r.Reason == "resourceNotReady" {
			return err
		}
		return nil
	})
	return err
}

func (g *GCE) Delete(machine string) error {
	for _, i := range g.Sim.Instances() {
		if i.Name == machine {
			return g.Sim.DeleteInstance(project, i.Zone, machine)
		}
	}
	return fmt.Errorf("there is no instance %s", machine)
}

func (g *GCE) Subnet(name string) string { return name }

func (g *GCE) ID(machine string) string { return machine }

func (g *GCE) ProviderID(machine string) string {
	return fmt.Sprintf("gce://%s/%s/%s", project, zone, machine)
}

// Carry draws each prefix from the first secondary range that holds it.
func (g *GCE) Carry(machine string, prefixes ...netip.Prefix) error {
	var list []gcesim.Alias
	for _, p := range prefixes {
		list = append(list, gcesim.Alias{RangeName: g.rangeOf(p), Prefix: p})
	}
	return g.Sim.SetAliases(project, zone, machine, "nic0", list...)
}

func (g *GCE) rangeOf(p netip.Prefix) string {
	for _, s := range g.Sim.Subnetworks() {
		for _, r := range s.Secondary {
			if r.Prefix.Overlaps(p) {
				return r.Name
			}
		}
	}
	return ""
}

func (g *GCE) SetRanges(subnet string, keepOurs bool, ranges ...invariants.Range) error {
	return whenReady(func() error {
		var list []gcesim.SecondaryRange
		for _, s := range g.Subnets() {
			for _, r := range s.Ranges {
				if s.Name == subnet && r.Ours && keepOurs {
					list = append(list, gcesim.SecondaryRange{Name: r.Name, Prefix: r.Prefix})
				}
			}
		}
		for _, r := range ranges {
			list = append(list, gcesim.SecondaryRange{Name: r.Name, Prefix: r.Prefix})
		}
		return g.Sim.SetSecondaryRanges(project, region, subnet, list...)
	})
}

func (g *GCE) Route(name string, to netip.Prefix) error {
	return g.Sim.AddRoute(gcesim.Route{Project: project, Name: name, Network: network, Dest: to})
}

func (g *GCE) Beyond(prefixes ...netip.Prefix) error {
	return g.Sim.SetRouter(gcesim.Router{Project: project, Region: region, Name: "hub", Network: network,
		Peers: []gcesim.Peer{{Name: "onprem", Address: netip.MustParseAddr("169.254.0.2"), Learned: prefixes}}})
}

// gceMethods and gceErrors are the words that hold on any cloud.
var (
	gceMethods = map[string]string{
		"attach": "instances.updateNetworkInterface", "detach": "instances.updateNetworkInterface",
		"look": "instances.*", "carve": "subnetworks.patch", "uncarve": "subnetworks.patch",
		"list": "instances.aggregatedList", "read": "instances.get", "survey": "subnetworks.get", "beyond": "routers.*",
	}
	gceErrors = map[string]string{
		"unauthenticated": "401:authError", "throttled": "403:rateLimitExceeded", "denied": "403:forbidden", "unavailable": "503:backendError",
		"in-use": "400:resourceInUseByAnotherResource",
	}
)

func (g *GCE) Inject(f Fault) error {
	out := gcesim.Fault{Method: or(gceMethods[f.Method], f.Method), Resource: f.Resource, Count: f.Count, Skip: f.Skip, LostReply: f.Lost, Slow: f.Slow, StaleFor: f.Stale}
	if e := or(gceErrors[f.Error], f.Error); e != "" {
		code, reason, _ := strings.Cut(e, ":")
		status, err := strconv.Atoi(code)
		if err != nil {
			return err
		}
		out.Error = &gcesim.APIError{Status: status, Reason: reason, Message: or(f.Message, http.StatusText(status))}
	}
	if f.Operation != "" {
		out.OperationError = &gcesim.OperationError{Code: f.Operation, Message: or(f.Message, "the story says so")}
	}
	g.Sim.Inject(out)
	return nil
}

func (g *GCE) Heal() { g.Sim.ClearFaults() }

func (g *GCE) Delay(method string, d time.Duration) {
	g.Sim.SetLatency(or(gceMethods[method], method), d)
}

func (g *GCE) Machines() []invariants.Machine { return invariants.Machines(g.Sim.Instances()) }
func (g *GCE) Subnets() []invariants.Subnet   { return invariants.Subnets(g.Sim.Subnetworks()) }
func (g *GCE) Rules() []invariants.Rule       { return invariants.Rules(g.Sim.Firewalls()) }
func (g *GCE) Parts() []invariants.Part {
	return invariants.Parts(g.Sim.Balancing(), g.Sim.Firewalls())
}
func (g *GCE) Changes() int          { return g.Sim.MutatingCalls() }
func (g *GCE) Calls() map[string]int { return g.Sim.CallCounts() }

func (g *GCE) Journal() []invariants.Call { return invariants.GCECalls(g.Sim.Calls()) }

func (g *GCE) Met(method, reason string) (n int) {
	_, code, worded := strings.Cut(gceErrors[reason], ":")
	if worded {
		reason = code
	}
	for _, c := range g.Sim.Calls() {
		if c.Method == or(gceMethods[method], method) && c.Reason == reason {
			n++
		}
	}
	return n
}
