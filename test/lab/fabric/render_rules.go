package fabric

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/test/lab/balance"
)

// chains, in the order in which a packet meets them. The firewall is last, so
// that it sees what the machine is to get: balancers have translated.
var chains = []struct{ name, hook string }{
	{"senders", "type filter hook prerouting priority raw"},
	{"choose", "type filter hook prerouting priority mangle"},
	{"translate", "type nat hook prerouting priority dstnat"},
	{"own", "type filter hook input priority filter"},
	{"gateway", "type filter hook forward priority filter"},
	{"sources", "type nat hook postrouting priority srcnat"},
	{"firewall", "type filter hook postrouting priority srcnat + 50"},
}

func (r *renderer) ruleset() string {
	lines := map[string][]string{
		"senders": r.senders(), "own": r.own(), "gateway": r.gateway(), "firewall": r.firewall(),
		"choose": balance.Choose(r.Balancers, r.health, r.mark),
	}
	var sources []string
	lines["translate"], sources = balance.Translate(r.Balancers, r.health, r.via)
	lines["sources"] = append(sources, r.external()...)

	var out strings.Builder
	fmt.Fprintln(&out, "table inet vpc {")
	for _, reason := range []string{spoofed, refused} {
		for _, device := range append(slices.Clone(r.devices), wan) {
			fmt.Fprintf(&out, "  counter %s-%s { }\n", reason, device)
		}
	}
	for _, c := range chains {
		fmt.Fprintf(&out, "  chain %s { %s; policy accept; }\n", c.name, c.hook)
	}
	fmt.Fprint(&out, "}\nflush table inet vpc\ntable inet vpc {\n")
	for _, c := range chains {
		if len(lines[c.name]) > 0 {
			fmt.Fprintf(&out, "  chain %s {\n    %s\n  }\n", c.name, strings.Join(lines[c.name], "\n    "))
		}
	}
	fmt.Fprintln(&out, "}")
	return out.String()
}

// The reasons of counters.
const (
	spoofed = "spoofed"
	refused = "refused"
)

const (
	nicsIn  = `iifname "nic-*"`
	nicsOut = `oifname "nic-*"`
)

// count is a statement that counts by NIC.
func (r *renderer) count(reason, key string) string {
	var counters []string
	for _, d := range r.devices {
		counters = append(counters, fmt.Sprintf("%q : %q", d, reason+"-"+d))
	}
	return fmt.Sprintf("counter name %s map { %s }", key, strings.Join(counters, ", "))
}

// senders lets a NIC send what is its machine's own: its address, the prefixes
// delegated to it, and the addresses of passthrough balancers that it serves.
func (r *renderer) senders() (lines []string) {
	if len(r.Space) > 0 {
		lines = append(lines, fmt.Sprintf("iifname %q ip saddr %s counter name %q drop", wan, balance.Set(r.Space), spoofed+"-"+wan))
	}
	if len(r.devices) == 0 {
		return lines
	}
	lines = append(lines, nicsIn+" meta nfproto != ipv4 drop")
	var own, forwards []string
	for _, m := range r.plugged {
		device := r.nics[m.Name].Device
		if m.Forwards {
			forwards = append(forwards, fmt.Sprintf("%q", device))
			continue
		}
		own = append(own, fmt.Sprintf("%q . %s", device, m.Primary))
		for _, p := range m.Prefixes {
			own = append(own, fmt.Sprintf("%q . %s", device, p))
		}
		for _, b := range r.Balancers {
			serves := slices.ContainsFunc(b.Members, func(x balance.Member) bool { return x.Machine == m.Name })
			for _, f := range b.Fronts {
				if text := fmt.Sprintf("%q . %s", device, f.Addr); serves && b.Passthrough() && !slices.Contains(own, text) {
					own = append(own, text)
				}
			}
		}
	}
	if len(own) > 0 {
		lines = append(lines, fmt.Sprintf("iifname . ip saddr { %s } accept", strings.Join(own, ", ")))
	}
	if len(forwards) > 0 {
		lines = append(lines, fmt.Sprintf("iifname { %s } accept", strings.Join(forwards, ", ")))
	}
	return append(lines, nicsIn+" "+r.count(spoofed, "iifname")+" drop")
}

// own is what may connect to the fabric itself: clients of proxies.
func (r *renderer) own() (lines []string) {
	for _, b := range r.Balancers {
		for _, f := range b.Fronts {
			if b.Proxy == nil {
				continue
			}
			to := fmt.Sprintf(" ip daddr %s%s accept", f.Addr, balance.Matching(b.Protocol, b.Ports))
			lines = append(lines, nicsIn+to)
			if f.External {
				lines = append(lines, fmt.Sprintf("iifname %q", wan)+to)
			}
		}
	}
	return append(lines, nicsIn+" ct state new drop", fmt.Sprintf("iifname %q ct state new drop", wan))
}

// gateway is the way to the internet and back: machines' primary addresses go
// out, and in comes what answers them or is for a balancer.
func (r *renderer) gateway() (lines []string) {
	out := fmt.Sprintf("oifname %q", wan)
	in := fmt.Sprintf("iifname %q ct state new", wan)
	lines = append(lines, out+" ct state established,related accept")
	var primary []string
	for _, m := range r.plugged {
		primary = append(primary, m.Primary.String())
	}
	if len(primary) > 0 {
		lines = append(lines, fmt.Sprintf("%s ip saddr { %s } accept", out, strings.Join(primary, ", ")))
	}
	drop := fmt.Sprintf("counter name %q drop", refused+"-"+wan)
	return append(lines, out+" "+drop, in+" meta mark != 0 accept", in+" ct status dnat accept", in+" "+drop)
}

// external gives each machine an address of its own on the internet.
func (r *renderer) external() []string {
	var pairs []string
	for _, m := range r.plugged {
		pairs = append(pairs, fmt.Sprintf("%s : %s", m.Primary, r.nics[m.Name].External))
	}
	if len(pairs) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("oifname %q snat ip to ip saddr map { %s }", wan, strings.Join(pairs, ", "))}
}

func (r *renderer) via(balancer, front int) int { return firstVia + balancer<<8 + front }
