package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

// subnet add NAME CIDR | subnet delete NAME: by hand, a subnet in the nodes'
// region. EC2 names those it makes, so there is only delete.
func cmdSubnet(ts *testscript.TestScript, _ bool, args []string) {
	if e, ok := worldOf(ts).Cloud.(*EC2); ok && args[0] == "delete" {
		ts.Check(e.sim.DeleteSubnet(e.Subnet(args[1])))
		return
	}
	sim := gceOf(ts)
	if args[0] == "add" {
		ts.Check(sim.AddSubnetwork(gcesim.Subnetwork{Project: project, Region: region, Network: network, Name: args[1],
			Primary: netip.MustParsePrefix(args[2])}))
		return
	}
	url := fmt.Sprintf("%s/compute/v1/projects/%s/regions/%s/subnetworks/%s", worldOf(ts).Cloud.(*GCE).Endpoint, project, region, args[1])
	request, err := http.NewRequest(http.MethodDelete, url, nil)
	ts.Check(err)
	reply, err := http.DefaultClient.Do(request)
	ts.Check(err)
	text, err := io.ReadAll(reply.Body)
	ts.Check(errors.Join(err, reply.Body.Close()))
	if reply.StatusCode != http.StatusOK {
		ts.Fatalf("to delete subnet %s gave %s: %s", args[1], reply.Status, text)
	}
	ts.Check(Eventually(patience, func() error {
		for _, s := range sim.Subnetworks() {
			if s.Name == args[1] {
				return fmt.Errorf("subnet %s is still there", s.Name)
			}
		}
		return nil
	}))
}

// proxies add NAME CIDR | proxies use | proxies PATTERN: the region's
// proxy-only subnets, each "NAME CIDR ROLE" with the name of ours as "ours",
// joined by blanks, come to match the whole pattern. "add" makes one by hand,
// "use" lets load balancers use all there are.
func cmdProxies(ts *testscript.TestScript, _ bool, args []string) {
	w, sim := worldOf(ts), gceOf(ts)
	switch args[0] {
	case "add":
		ts.Check(sim.AddSubnetwork(gcesim.Subnetwork{Project: project, Region: region, Network: network, Name: args[1],
			Primary: netip.MustParsePrefix(args[2]), Purpose: "REGIONAL_MANAGED_PROXY", Role: "ACTIVE"}))
		return
	case "use":
		for _, s := range proxies(sim) {
			ts.Check(sim.UseProxySubnetwork(project, region, s.Name))
		}
		return
	}
	pattern := regexp.MustCompile("^(?:" + args[0] + ")$")
	err := Eventually(patience, func() error {
		var all []string
		for _, s := range proxies(sim) {
			if strings.HasPrefix(s.Name, "vn-") {
				s.Name = "ours"
			}
			all = append(all, fmt.Sprintf("%s %s %s", s.Name, s.Primary, s.Role))
		}
		if got := strings.Join(all, " "); !pattern.MatchString(got) {
			return fmt.Errorf("the region has the proxy-only subnets %q, want %s", got, args[0])
		}
		return nil
	})
	if err != nil {
		ts.Fatalf("%v\n%s", err, w.Logs())
	}
}

func proxies(sim *gcesim.Sim) (out []gcesim.Subnetwork) {
	for _, s := range sim.Subnetworks() {
		if s.Purpose == "REGIONAL_MANAGED_PROXY" {
			out = append(out, s)
		}
	}
	return out
}

// firewall add NAME [from=CIDR,...] [to=CIDR,...] [deny=PROTOCOLS] [allow=PROTOCOLS] [tags=T] [priority=N] | firewall delete NAME
func cmdFirewall(ts *testscript.TestScript, _ bool, args []string) {
	sim := gceOf(ts)
	if args[0] == "delete" {
		ts.Check(sim.DeleteFirewall(project, args[1]))
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
	ts.Check(sim.AddFirewall(f))
}

// rules PATTERN: eventually the firewall rules, each "NAME from SOURCES to
// DESTINATIONS" with the name of ours as "ours", joined by blanks, match the
// whole pattern.
func cmdRules(ts *testscript.TestScript, _ bool, args []string) {
	w, sim := worldOf(ts), gceOf(ts)
	pattern := regexp.MustCompile("^(?:" + args[0] + ")$")
	err := Eventually(patience, func() error {
		var all []string
		for _, f := range sim.Firewalls() {
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
