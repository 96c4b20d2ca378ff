package firewall

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
)

func cidrs(text string) (out []netip.Prefix) {
	for _, f := range strings.Fields(text) {
		out = append(out, netip.MustParsePrefix(f))
	}
	return out
}

func rule(name string, priority int, deny bool, sources string, protocols ...string) cloud.FirewallRule {
	r := cloud.FirewallRule{Name: name, Priority: priority, Deny: deny, Sources: cidrs(sources)}
	for _, p := range protocols {
		name, ports, _ := strings.Cut(p, ":")
		r.Protocols = append(r.Protocols, cloud.Protocol{Name: name, Ports: strings.FieldsFunc(ports, func(c rune) bool { return c == ',' })})
	}
	return r
}

func with(r cloud.FirewallRule, edit func(*cloud.FirewallRule)) cloud.FirewallRule {
	edit(&r)
	return r
}

func TestJudge(t *testing.T) {
	t.Parallel()
	pods := Traffic{Sources: cidrs("10.4.0.0/14 10.64.0.0/16"), Destinations: cidrs("10.0.0.0/16 10.4.0.0/14 10.64.0.0/16")}
	six := Traffic{Sources: cidrs("fd20::/64"), Destinations: cidrs("fd20::/64")}
	for name, tc := range map[string]struct {
		rules   []cloud.FirewallRule
		traffic Traffic
		want    string // what is wrong; nothing where it is open
	}{
		"no rule drops all": {nil, pods,
			"no rule admits tcp from 10.4.0.0/14,10.64.0.0/16; no rule admits udp from 10.4.0.0/14,10.64.0.0/16; no rule admits icmp from 10.4.0.0/14,10.64.0.0/16"},
		"one rule for everything":        {[]cloud.FirewallRule{rule("a", 1000, false, "10.0.0.0/8", "all")}, pods, ""},
		"rules that do it together":      {[]cloud.FirewallRule{rule("a", 1, false, "10.4.0.0/14", "all"), rule("b", 2, false, "10.64.0.0/17 10.64.128.0/17", "tcp", "udp:0-65535", "1")}, pods, ""},
		"a protocol is missing":          {[]cloud.FirewallRule{rule("a", 1, false, "0.0.0.0/0", "tcp", "udp")}, pods, "no rule admits icmp from 10.4.0.0/14,10.64.0.0/16"},
		"a grown range is missing":       {[]cloud.FirewallRule{rule("a", 1, false, "10.4.0.0/14", "all")}, pods, "no rule admits tcp from 10.64.0.0/16; no rule admits udp from 10.64.0.0/16; no rule admits icmp from 10.64.0.0/16"},
		"single ports are not enough":    {[]cloud.FirewallRule{rule("a", 1, false, "10.0.0.0/8", "tcp:1-1024", "udp", "icmp")}, pods, "no rule admits tcp from 10.4.0.0/14,10.64.0.0/16"},
		"some machines are not enough":   {[]cloud.FirewallRule{with(rule("a", 1, false, "10.0.0.0/8", "tcp"), func(r *cloud.FirewallRule) { r.Targets = []string{"web"} }), rule("b", 2, false, "10.0.0.0/8", "udp", "icmp")}, pods, "no rule admits tcp from 10.4.0.0/14,10.64.0.0/16"},
		"some addresses are not enough":  {[]cloud.FirewallRule{with(rule("a", 1, false, "10.0.0.0/8", "tcp"), func(r *cloud.FirewallRule) { r.Destinations = cidrs("10.4.0.0/14") }), rule("b", 2, false, "10.0.0.0/8", "udp", "icmp")}, pods, "no rule admits tcp from 10.4.0.0/14,10.64.0.0/16"},
		"all their addresses are enough": {[]cloud.FirewallRule{with(rule("a", 1, false, "10.0.0.0/8", "all"), func(r *cloud.FirewallRule) { r.Destinations = cidrs("10.0.0.0/15 10.4.0.0/14 10.64.0.0/10") })}, pods, ""},
		"marks of the sender do not match pods": {[]cloud.FirewallRule{rule("a", 1, false, "", "tcp"), rule("b", 2, false, "10.0.0.0/8", "udp", "icmp")}, pods,
			"no rule admits tcp from 10.4.0.0/14,10.64.0.0/16"},
		"a deny before stops":        {[]cloud.FirewallRule{rule("no", 900, true, "10.5.0.0/16", "all"), rule("a", 1000, false, "10.0.0.0/8", "all")}, pods, "rule no (priority 900) denies traffic from pods"},
		"a deny behind does nothing": {[]cloud.FirewallRule{rule("a", 1000, false, "10.0.0.0/8", "all"), rule("no", 1001, true, "0.0.0.0/0", "all")}, pods, ""},
		"a deny at some machines stops there": {[]cloud.FirewallRule{with(rule("no", 900, true, "0.0.0.0/0", "tcp"), func(r *cloud.FirewallRule) { r.Targets = []string{"db"} }), rule("a", 1000, false, "10.0.0.0/8", "all")}, pods,
			"rule no (priority 900) denies traffic from pods at machines with db"},
		"a deny elsewhere does nothing":          {[]cloud.FirewallRule{with(rule("no", 900, true, "0.0.0.0/0", "all"), func(r *cloud.FirewallRule) { r.Destinations = cidrs("172.16.0.0/12") }), rule("a", 1000, false, "10.0.0.0/8", "all")}, pods, ""},
		"a deny of single ports is an exception": {[]cloud.FirewallRule{rule("smtp", 900, true, "0.0.0.0/0", "tcp:25"), rule("a", 1000, false, "10.0.0.0/8", "all")}, pods, ""},
		"a deny of another protocol is nothing":  {[]cloud.FirewallRule{rule("no", 900, true, "0.0.0.0/0", "gre"), rule("a", 1000, false, "10.0.0.0/8", "all")}, pods, ""},
		"the families are apart":                 {[]cloud.FirewallRule{rule("a", 1, false, "0.0.0.0/0", "all"), rule("b", 1, false, "::/0", "tcp", "udp", "icmp")}, six, "no rule admits ipv6-icmp from fd20::/64"},
		"icmp of IPv6 is number 58":              {[]cloud.FirewallRule{rule("b", 1, false, "::/0", "tcp", "udp", "58")}, six, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Judge(tc.rules, tc.traffic)
			if got.String() != tc.want || got.Open() != (tc.want == "") {
				t.Errorf("open: %v, %q; want %q", got.Open(), got, tc.want)
			}
			if strings.Contains(name, "exception") != (len(got.Exceptions) > 0) {
				t.Errorf("exceptions %v", got.Exceptions)
			}
		})
	}
}

// TestJudgeAgreesWithPackets holds the judge against a firewall that looks at
// one packet after the other.
func TestJudgeAgreesWithPackets(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	block := func() netip.Prefix {
		bits := 24 + rng.IntN(5)
		a := netip.AddrFrom4([4]byte{10, 0, 0, byte(rng.IntN(256))})
		return netip.PrefixFrom(a, bits).Masked()
	}
	open := 0
	for range 5000 {
		var rules []cloud.FirewallRule
		for i := range rng.IntN(7) {
			r := rule(fmt.Sprint("r", i), rng.IntN(4), rng.IntN(4) == 0, "", []string{"all", "tcp", "udp", "1"}[rng.IntN(4)])
			if rng.IntN(3) == 0 {
				r.Protocols = []cloud.Protocol{{Name: "all"}}
			}
			for range 1 + rng.IntN(3) {
				r.Sources = append(r.Sources, block())
			}
			rules = append(rules, r)
		}
		slices.SortStableFunc(rules, func(a, b cloud.FirewallRule) int {
			if a.Priority == b.Priority && a.Deny != b.Deny {
				if a.Deny {
					return -1
				}
				return 1
			}
			return cmp.Compare(a.Priority, b.Priority)
		})
		traffic := Traffic{Sources: []netip.Prefix{block()}}
		want := packets(rules, traffic.Sources[0])
		if want {
			open++
		}
		if got := Judge(rules, traffic); got.Open() != want {
			t.Fatalf("%v through %+v: judged %v (%s), packets say %v", traffic.Sources, rules, got.Open(), got, want)
		}
	}
	if open == 0 {
		t.Error("nothing was ever open: the test cannot fail")
	}
}

func packets(rules []cloud.FirewallRule, from netip.Prefix) bool {
	for a := from.Addr(); from.Contains(a); a = a.Next() {
		for _, names := range [][]string{{"all", "tcp"}, {"all", "udp"}, {"all", "1"}} {
			if !lets(rules, a, names) {
				return false
			}
		}
	}
	return true
}

func lets(rules []cloud.FirewallRule, a netip.Addr, names []string) bool {
	for _, r := range rules {
		about := slices.Contains(names, r.Protocols[0].Name)
		if about && slices.ContainsFunc(r.Sources, func(p netip.Prefix) bool { return p.Contains(a) }) {
			return !r.Deny
		}
	}
	return false
}
