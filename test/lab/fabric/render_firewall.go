package fabric

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/test/lab/balance"
)

// firewall is stateful: only the first packet of a connection is judged.
func (r *renderer) firewall() (lines []string) {
	if len(r.devices) == 0 {
		return nil
	}
	lines = append(lines, nicsOut+" ct state established,related accept")
	for _, rule := range r.Rules {
		lines = append(lines, r.rule(rule)...)
	}
	return append(lines, nicsOut+" "+r.count(refused, "oifname")+" drop")
}

func (r *renderer) rule(rule Rule) (lines []string) {
	var devices []string
	for _, name := range rule.Targets {
		if n, ok := r.nics[name]; ok {
			devices = append(devices, fmt.Sprintf("%q", n.Device))
		}
	}
	if len(devices) == 0 {
		return nil
	}
	verdict := "accept"
	if rule.Deny {
		verdict = r.count(refused, "oifname") + " drop"
	}
	for _, from := range r.sources(rule) {
		if len(rule.Destinations) > 0 {
			from += " ip daddr " + balance.Set(rule.Destinations)
		}
		traffic := rule.Traffic
		if traffic == nil {
			traffic = []Traffic{{}}
		}
		for _, t := range traffic {
			lines = append(lines, fmt.Sprintf("oifname { %s }%s%s %s comment %q", strings.Join(devices, ", "), from, balance.Matching(t.Protocol, t.Ports), verdict, rule.Name))
		}
	}
	return lines
}

// sources are the ways in which a rule's source may match, each a part of a
// line of its own.
func (r *renderer) sources(rule Rule) (from []string) {
	if len(rule.Sources) > 0 {
		from = append(from, " ip saddr "+balance.Set(rule.Sources))
	}
	var marks []string
	for i, b := range r.Balancers {
		for k := range b.Fronts {
			if slices.Contains(rule.Via, b.Name) {
				marks = append(marks, fmt.Sprint(r.via(i, k)))
			}
		}
	}
	if len(marks) > 0 {
		from = append(from, fmt.Sprintf(" ct mark { %s }", strings.Join(marks, ", ")))
	}
	return from
}
