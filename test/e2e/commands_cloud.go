package e2e

import (
	"context"
	"errors"
	"fmt"
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
		carried, ok := w.carried(args[0])
		if !ok {
			return fmt.Errorf("there is no VM %s", args[0])
		}
		if got := strings.Join(carried, " "); !pattern.MatchString(got) {
			return fmt.Errorf("VM %s carries %q, want %s", args[0], got, args[1])
		}
		return nil
	})
	if err != nil {
		ts.Fatalf("%v\n%s", err, w.Logs())
	}
}

// fault METHOD [error=CODE:REASON] [lost=N] [slow=D] [operation=CODE] [count=N] [skip=N] | fault clear
func cmdFault(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	if args[0] == "clear" {
		w.Cloud.Heal()
		return
	}
	o := options(ts, args[1:])
	f := Fault{Method: args[0], Resource: o["resource"], Error: o["error"], Message: o["message"], Operation: o["operation"], Lost: o["lost"] != ""}
	for key, into := range map[string]*int{"count": &f.Count, "skip": &f.Skip} {
		n, err := strconv.Atoi(or(o[key], "0"))
		ts.Check(err)
		*into = n
	}
	var err error
	f.Slow, err = time.ParseDuration(or(o["slow"], "0"))
	ts.Check(err)
	ts.Check(w.Cloud.Inject(f))
}

// stackTypes are the words for stack types in stories.
var stackTypes = map[string]string{"": "", "ipv4": "IPV4_ONLY", "dual": "IPV4_IPV6"}

// stack subnet NAME internal|external | stack vm NAME ipv4|dual: by hand,
// which families a subnet or a VM's interface has.
func cmdStack(ts *testscript.TestScript, _ bool, args []string) {
	if e, ok := worldOf(ts).Cloud.(*EC2); ok && args[0] == "subnet" {
		ts.Check(e.GiveIPv6(args[1]))
		return
	}
	sim := gceOf(ts)
	switch what, name := args[0], args[1]; what {
	case "subnet":
		ts.Check(sim.MakeDualStack(project, region, name, strings.ToUpper(args[2])))
	case "vm":
		ts.Check(sim.SetStack(project, zone, name, "nic0", stackTypes[args[2]]))
	default:
		ts.Fatalf("stack %s?", what)
	}
}

// route NAME CIDR
func cmdRoute(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(worldOf(ts).Cloud.Route(args[0], netip.MustParsePrefix(args[1])))
}

// beyond CIDR...: what the other side of a connection has, in no list of routes:
// a Cloud Router learns it, or a route leads to a prefix list with it.
func cmdBeyond(ts *testscript.TestScript, _ bool, args []string) {
	var list []netip.Prefix
	for _, a := range args {
		list = append(list, netip.MustParsePrefix(a))
	}
	ts.Check(worldOf(ts).Cloud.Beyond(list...))
}

// ranges SUBNET [ours] [NAME:CIDR...]: by hand, the subnet's secondary ranges;
// "ours" stands for those that the manager made.
func cmdRanges(ts *testscript.TestScript, _ bool, args []string) {
	var list []invariants.Range
	ours := false
	for _, a := range args[1:] {
		if a == "ours" {
			ours = true
			continue
		}
		name, cidr, _ := strings.Cut(a, ":")
		if n, err := strconv.Atoi(name); err == nil {
			list = append(list, many(n, netip.MustParsePrefix(cidr))...)
			continue
		}
		list = append(list, invariants.Range{Name: name, Prefix: netip.MustParsePrefix(cidr)})
	}
	ts.Check(worldOf(ts).Cloud.SetRanges(args[0], ours, list...))
}

// many gives n ranges of /28, one beside the other from the start of p.
func many(n int, p netip.Prefix) (out []invariants.Range) {
	at := p.Addr().As4()
	for i := range n {
		from := at
		from[2] += byte(i / 16)
		from[3] += byte(i % 16 * 16)
		out = append(out, invariants.Range{Name: fmt.Sprintf("r%d", i), Prefix: netip.PrefixFrom(netip.AddrFrom4(from), 28)})
	}
	return out
}

// quota METRIC N
func cmdQuota(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	gceOf(ts).SetQuota(args[0], n)
}

// hidden CIDR: a network behind a peered one has it, which no list shows.
func cmdHidden(ts *testscript.TestScript, _ bool, args []string) {
	p, err := netip.ParsePrefix(args[0])
	ts.Check(err)
	ts.Check(gceOf(ts).HideNetwork(project, network, p))
}

// latency METHOD DURATION: of its operations.
func cmdLatency(ts *testscript.TestScript, _ bool, args []string) {
	d, err := time.ParseDuration(args[1])
	ts.Check(err)
	worldOf(ts).Cloud.Delay(args[0], d)
}

// refused-by-cloud METHOD REASON: the cloud has refused such a call for that reason.
func cmdRefusedByCloud(ts *testscript.TestScript, _ bool, args []string) {
	if worldOf(ts).Cloud.Met(args[0], args[1]) == 0 {
		ts.Fatalf("no %s was answered with %s", args[0], args[1])
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
	before := w.Cloud.Changes()
	cmdSleep(ts, false, args)
	if calls := w.Cloud.Changes() - before; calls > 0 {
		ts.Fatalf("%d calls changed the cloud: %v\n%s", calls, w.Cloud.Calls(), w.Logs())
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

// cloud-empty: eventually nothing of ours is left in the cloud (I5); with ! there
// is something.
func cmdCloudEmpty(ts *testscript.TestScript, neg bool, _ []string) {
	w := worldOf(ts)
	left := func() error {
		return errors.Join(invariants.NothingLeft(w.Cloud.Subnets(), w.Cloud.Rules()...), invariants.NoParts(w.Cloud.Parts()), w.NoRoutes())
	}
	if neg {
		if left() == nil {
			ts.Fatalf("nothing of ours is left in the cloud")
		}
		return
	}
	err := Eventually(patience, left)
	if err != nil {
		ts.Fatalf("%v\n%s", err, w.Logs())
	}
}
