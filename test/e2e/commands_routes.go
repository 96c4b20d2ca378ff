package e2e

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/test/invariants"
)

func ec2Of(ts *testscript.TestScript) *EC2 {
	e, ok := worldOf(ts).Cloud.(*EC2)
	if !ok {
		ts.Fatalf("only EC2 has that")
	}
	return e
}

// routetable add NAME SUBNET | routetable drop NAME MACHINE: by hand, a route
// table of the subnet's own; the routes to a machine out of such a one.
func cmdRouteTable(ts *testscript.TestScript, _ bool, args []string) {
	e := ec2Of(ts)
	if args[0] == "drop" {
		table := e.table(args[1])
		for _, r := range e.sim.Routes(e.vpc, table) {
			if e.machineOf(r.Via) == args[2] {
				ts.Check(e.sim.RemoveRoute(table, netip.MustParsePrefix(r.To)))
			}
		}
		return
	}
	ts.Check(e.AddTable(args[1], args[2]))
}

// AddTable gives a subnet a route table of its own.
func (e *EC2) AddTable(name, subnet string) error {
	id, err := e.sim.AddRouteTable(e.vpc, e.subnets[subnet].id)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tables[name] = id
	return nil
}

// allTables are the IDs of the main table and of those made by hand.
func (e *EC2) allTables() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append(slices.Collect(maps.Values(e.tables)), "")
}

// LeftRoutes are the routes to interfaces, in any table.
func (e *EC2) LeftRoutes() (out []string) {
	for _, t := range e.allTables() {
		for _, r := range e.sim.Routes(e.vpc, t) {
			if strings.HasPrefix(r.Via, "eni-") {
				out = append(out, fmt.Sprintf("%s %s to %s (%s)", t, r.To, r.Via, r.State))
			}
		}
	}
	return out
}

// NoRoutes is nil when no table leads to a machine that Nodes had (I5).
func (w *World) NoRoutes() error {
	e, ok := w.Cloud.(*EC2)
	if !ok {
		return nil
	}
	if left := e.LeftRoutes(); len(left) > 0 {
		return fmt.Errorf("I5: route tables still have routes to interfaces: %q", left)
	}
	return nil
}

// ByRoute stands for the range of a piece that routes lead to a machine.
const ByRoute = "routes"

// unlead takes the routes to an interface, but those that are wanted, out of
// the tables made by hand; it gives those that stay.
func (e *EC2) unlead(nic string, want []netip.Prefix) (stay []netip.Prefix, err error) {
	for _, p := range e.led(nic) {
		if slices.Contains(want, p.Prefix) {
			stay = append(stay, p.Prefix)
			continue
		}
		for _, t := range e.allTables() {
			if t == "" {
				continue
			}
			if err := e.sim.RemoveRoute(t, p.Prefix); err != nil {
				return nil, err
			}
		}
	}
	return stay, nil
}

// routes TABLE PATTERN: the table's routes, each "CIDR TARGET", with a "!"
// after it where that is gone or not running, come to match the whole pattern;
// a machine's interface has the machine's name.
func cmdRoutes(ts *testscript.TestScript, _ bool, args []string) {
	e := ec2Of(ts)
	pattern := regexp.MustCompile("^(?:" + args[1] + ")$")
	err := Eventually(patience, func() error {
		if got := e.routes(args[0]); !pattern.MatchString(got) {
			return fmt.Errorf("route table %s has %q, want %s", args[0], got, args[1])
		}
		return nil
	})
	if err != nil {
		ts.Fatalf("%v\n%s", err, worldOf(ts).Logs())
	}
}

// table is the ID of a route table; "" is the main one.
func (e *EC2) table(name string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.tables[name]
}

func (e *EC2) routes(table string) string {
	var out []string
	for _, r := range e.sim.Routes(e.vpc, e.table(table)) {
		if strings.HasPrefix(r.Via, "igw-") { // the way out, which every story has
			continue
		}
		text := r.To + " " + e.machineOf(r.Via)
		if r.State != "active" {
			text += "!"
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// machineOf is the machine that has, or had, an interface.
func (e *EC2) machineOf(nic string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if name, ok := e.nics[nic]; ok {
		return name
	}
	return nic
}

// nicOf is the interface of a machine, if it is one.
func (e *EC2) nicOf(machine string) (id string, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, name := range e.nics {
		if name == machine {
			return id, true
		}
	}
	return "", false
}

// led are the prefixes that every route table leads to an interface.
func (e *EC2) led(nic string) (out []invariants.Piece) {
	tables := e.allTables()
	count := map[string]int{}
	for _, t := range tables {
		for _, r := range e.sim.Routes(e.vpc, t) {
			if r.Via == nic {
				count[r.To]++
			}
		}
	}
	for to, n := range count {
		if p, err := netip.ParsePrefix(to); err == nil && n == len(tables) {
			out = append(out, invariants.Piece{Prefix: p, Range: ByRoute})
		}
	}
	return out
}

// remember keeps the names of a machine's interfaces, for when it is gone.
func (e *EC2) remember(name string, i awssim.Instance) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, nic := range i.Interfaces {
		e.nics[nic.ID] = name
	}
}
