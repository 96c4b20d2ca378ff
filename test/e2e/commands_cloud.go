package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// event KIND/NAME REASON [PATTERN]: eventually there is such an Event whose note
// matches.
func cmdEvent(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	pattern := regexp.MustCompile(strings.Join(args[2:], " "))
	err := Eventually(patience, func() error {
		var list eventsv1.EventList
		if err := w.API.List(context.Background(), &list); err != nil {
			return err
		}
		var seen []string
		for _, e := range list.Items {
			about := strings.ToLower(e.Regarding.Kind) + "/" + e.Regarding.Name
			if about == args[0] && e.Reason == args[1] && pattern.MatchString(e.Note) {
				return nil
			}
			if about == args[0] {
				seen = append(seen, e.Reason+": "+e.Note)
			}
		}
		return fmt.Errorf("no Event %s %q about %s; there are %q", args[1], pattern, args[0], seen)
	})
	if err != nil {
		ts.Fatalf("%v\n%s", err, w.Logs())
	}
}

// on-vm NAME PATTERN: eventually the VM's alias ranges, joined by blanks,
// match the whole pattern.
func cmdOnVM(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	pattern := regexp.MustCompile("^(?:" + args[1] + ")$")
	err := Eventually(patience, func() error {
		i, ok := w.Sim.Instance(project, zone, args[0])
		if !ok {
			return fmt.Errorf("there is no VM %s", args[0])
		}
		if got := strings.Join(carried(i), " "); !pattern.MatchString(got) {
			return fmt.Errorf("VM %s carries %q, want %s", args[0], got, args[1])
		}
		return nil
	})
	if err != nil {
		ts.Fatalf("%v\n%s", err, w.Logs())
	}
}

func carried(i gcesim.Instance) (out []string) {
	for _, nic := range i.Interfaces {
		for _, a := range nic.Aliases {
			out = append(out, a.Prefix.String())
		}
	}
	return out
}

// fault METHOD [error=CODE:REASON] [lost=N] [slow=D] [operation=CODE] [count=N] [skip=N] | fault clear
func cmdFault(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	if args[0] == "clear" {
		w.Sim.ClearFaults()
		return
	}
	o := options(ts, args[1:])
	f := gcesim.Fault{Method: args[0]}
	number := func(key string) int {
		n, err := strconv.Atoi(or(o[key], "0"))
		ts.Check(err)
		return n
	}
	f.Count, f.Skip = number("count"), number("skip")
	f.Resource = o["resource"]
	if e := o["error"]; e != "" {
		code, reason, _ := strings.Cut(e, ":")
		n, err := strconv.Atoi(code)
		ts.Check(err)
		f.Error = &gcesim.APIError{Status: n, Reason: reason, Message: or(o["message"], http.StatusText(n))}
	}
	f.LostReply = o["lost"] != ""
	if d := o["slow"]; d != "" {
		var err error
		f.Slow, err = time.ParseDuration(d)
		ts.Check(err)
	}
	if code := o["operation"]; code != "" {
		f.OperationError = &gcesim.OperationError{Code: code, Message: "the story says so"}
	}
	w.Sim.Inject(f)
}

// stackTypes are the words for stack types in stories.
var stackTypes = map[string]string{"": "", "ipv4": "IPV4_ONLY", "dual": "IPV4_IPV6"}

// stack subnet NAME internal|external | stack vm NAME ipv4|dual: by hand,
// which families a subnet or a VM's interface has.
func cmdStack(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	switch what, name := args[0], args[1]; what {
	case "subnet":
		ts.Check(w.Sim.MakeDualStack(project, region, name, strings.ToUpper(args[2])))
	case "vm":
		ts.Check(w.Sim.SetStack(project, zone, name, "nic0", stackTypes[args[2]]))
	default:
		ts.Fatalf("stack %s?", what)
	}
}

// route NAME CIDR
func cmdRoute(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(worldOf(ts).Sim.AddRoute(gcesim.Route{Project: project, Name: args[0], Network: network, Dest: netip.MustParsePrefix(args[1])}))
}

// ranges SUBNET [ours] [NAME:CIDR...]: by hand, the subnet's secondary ranges;
// "ours" stands for those that the manager made.
func cmdRanges(ts *testscript.TestScript, _ bool, args []string) {
	var list []gcesim.SecondaryRange
	for _, a := range args[1:] {
		if a == "ours" {
			list = append(list, worldOf(ts).ours(args[0])...)
			continue
		}
		name, cidr, _ := strings.Cut(a, ":")
		if n, err := strconv.Atoi(name); err == nil {
			list = append(list, many(n, netip.MustParsePrefix(cidr))...)
			continue
		}
		list = append(list, gcesim.SecondaryRange{Name: name, Prefix: netip.MustParsePrefix(cidr)})
	}
	ts.Check(worldOf(ts).Sim.SetSecondaryRanges(project, region, args[0], list...))
}

// many gives n ranges of /28, one beside the other from the start of p.
func many(n int, p netip.Prefix) (out []gcesim.SecondaryRange) {
	at := p.Addr().As4()
	for i := range n {
		from := at
		from[2] += byte(i / 16)
		from[3] += byte(i % 16 * 16)
		out = append(out, gcesim.SecondaryRange{Name: fmt.Sprintf("r%d", i), Prefix: netip.PrefixFrom(netip.AddrFrom4(from), 28)})
	}
	return out
}

func (w *World) ours(subnet string) (out []gcesim.SecondaryRange) {
	for _, s := range w.Sim.Subnetworks() {
		for _, r := range s.Secondary {
			if s.Name == subnet && strings.HasPrefix(r.Name, "vn-") {
				out = append(out, r)
			}
		}
	}
	return out
}

// quota METRIC N
func cmdQuota(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	worldOf(ts).Sim.SetQuota(args[0], n)
}

// latency METHOD DURATION: of its operations.
func cmdLatency(ts *testscript.TestScript, _ bool, args []string) {
	d, err := time.ParseDuration(args[1])
	ts.Check(err)
	worldOf(ts).Sim.SetLatency(args[0], d)
}

// met METHOD REASON: the cloud has refused such a call for that reason.
func cmdMet(ts *testscript.TestScript, _ bool, args []string) {
	seen := map[string]int{}
	for _, c := range worldOf(ts).Sim.Calls() {
		if c.Method == args[0] {
			seen[c.Reason]++
		}
	}
	if seen[args[1]] == 0 {
		ts.Fatalf("no %s was answered with %s, only with %v", args[0], args[1], seen)
	}
}

func cmdSleep(ts *testscript.TestScript, _ bool, args []string) {
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	time.Sleep(d)
}

// quiet DURATION: no call changes anything in the cloud for so long (I6).
func cmdQuiet(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	before := w.Sim.MutatingCalls()
	cmdSleep(ts, false, args)
	if calls := w.Sim.MutatingCalls() - before; calls > 0 {
		ts.Fatalf("%d calls changed the cloud: %v\n%s", calls, w.Sim.CallCounts(), w.Logs())
	}
}

// podcidrs FILE: writes the podCIDRs of all Nodes, to compare them later.
func cmdPodCIDRs(ts *testscript.TestScript, _ bool, args []string) {
	var list corev1.NodeList
	ts.Check(worldOf(ts).API.List(context.Background(), &list))
	var lines []string
	for _, n := range list.Items {
		lines = append(lines, n.Name+" "+strings.Join(n.Spec.PodCIDRs, " "))
	}
	slices.Sort(lines)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(lines, "\n")+"\n"), 0o600))
}

// settled: eventually every Node with an instance has its range on it, is
// published, and I1 and I2 hold.
func cmdSettled(ts *testscript.TestScript, _ bool, _ []string) {
	w := worldOf(ts)
	if err := Eventually(patience, w.CheckSettled); err != nil {
		ts.Fatalf("%v\n%s", err, w.Logs())
	}
}

// nothing: eventually nothing of ours is left in the cloud (I5); with ! there
// is something.
func cmdNothingLeft(ts *testscript.TestScript, neg bool, _ []string) {
	w := worldOf(ts)
	if neg {
		if invariants.NothingLeft(w.Sim.Subnetworks(), w.Sim.Firewalls()...) == nil {
			ts.Fatalf("nothing of ours is left in the cloud")
		}
		return
	}
	err := Eventually(patience, func() error { return invariants.NothingLeft(w.Sim.Subnetworks(), w.Sim.Firewalls()...) })
	if err != nil {
		ts.Fatalf("%v\n%s", err, w.Logs())
	}
}
