package e2e

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

// firewall add NAME [from=CIDR,...] [to=CIDR,...] [deny=PROTOCOLS] [allow=PROTOCOLS] [tags=T] [priority=N] | firewall delete NAME
func cmdFirewall(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	if args[0] == "delete" {
		ts.Check(w.Sim.DeleteFirewall(project, args[1]))
		return
	}
	o := options(ts, args[2:])
	f := gcesim.Firewall{Project: project, Network: network, Name: args[1], Deny: o["deny"] != "", Disabled: o["disabled"] != ""}
	f.Protocols = strings.Split(o["allow"]+o["deny"], ";")
	for text, into := range map[string]*[]netip.Prefix{o["from"]: &f.Sources, o["to"]: &f.Destinations} {
		for _, cidr := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
			*into = append(*into, netip.MustParsePrefix(cidr))
		}
	}
	if o["tags"] != "" {
		f.TargetTags = strings.Split(o["tags"], ",")
	}
	if o["priority"] != "" {
		n, err := strconv.Atoi(o["priority"])
		ts.Check(err)
		f.Priority = n
	}
	ts.Check(w.Sim.AddFirewall(f))
}

// rules PATTERN: eventually the firewall rules, each "NAME from SOURCES to
// DESTINATIONS" with the name of ours as "ours", joined by blanks, match the
// whole pattern.
func cmdRules(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	pattern := regexp.MustCompile("^(?:" + args[0] + ")$")
	err := Eventually(patience, func() error {
		var all []string
		for _, f := range w.Sim.Firewalls() {
			if strings.HasPrefix(f.Name, "vn-") {
				f.Name = "ours"
			}
			all = append(all, fmt.Sprintf("%s from %s to %s", f.Name, commas(f.Sources), commas(f.Destinations)))
		}
		if got := strings.Join(all, " "); !pattern.MatchString(got) {
			return fmt.Errorf("the network has the rules %q, want %s", got, args[0])
		}
		return nil
	})
	if err != nil {
		ts.Fatalf("%v\n%s", err, w.Logs())
	}
}

func commas(list []netip.Prefix) string {
	var out []string
	for _, p := range list {
		out = append(out, p.String())
	}
	return strings.Join(out, ",")
}
