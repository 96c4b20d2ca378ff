package gcp_test

import (
	"fmt"
	"testing"

	"github.com/vpcnative/vpcnative/cloud/lb"
)

// TestPortsThatStayAreNotCutOff: by no edit of the ports and protocols, but where
// a rule that has them loses others.
func TestPortsThatStayAreNotCutOff(t *testing.T) {
	t.Parallel()
	type ports map[lb.Protocol][]uint16
	const tcp, udp = lb.TCP, lb.UDP
	for name, c := range map[string]struct{ from, to, cut ports }{
		"one more":               {ports{tcp: {80}}, ports{tcp: {80, 443}}, nil},
		"another in its place":   {ports{tcp: {80}}, ports{tcp: {443}}, nil},
		"the other protocol too": {ports{tcp: {80}}, ports{tcp: {80}, udp: {80, 53}}, nil},
		"one protocol less":      {ports{tcp: {80, 443}, udp: {53}}, ports{tcp: {80, 443}}, nil},
		"seven, of which two go": {ports{tcp: {1, 2, 3, 4, 5, 6, 7}}, ports{tcp: {1, 2, 3, 4, 5, 8}}, nil},
		"one of two":             {ports{tcp: {80, 443}, udp: {53}}, ports{tcp: {443, 8443}, udp: {53}}, ports{tcp: {443}}},
	} {
		for _, scheme := range []lb.Scheme{lb.External, lb.Internal} {
			t.Run(name+"/"+string(scheme), func(t *testing.T) {
				t.Parallel()
				w := newBalanced(t)
				b := shop("web", func(b *lb.LoadBalancer) { b.Scheme = scheme })
				set := func(p ports) {
					b.Listeners = nil
					for _, protocol := range []lb.Protocol{tcp, udp} {
						for _, n := range p[protocol] {
							b.Listeners = append(b.Listeners, portOf(protocol, n))
						}
					}
				}
				set(c.from)
				at := w.made(b)
				before := w.rulesByPort()
				set(c.to)
				if now := w.made(b); now[0] != at[0] {
					t.Errorf("it was at %v and is at %v", at, now)
				}
				for listener, id := range w.rulesByPort() {
					was, there := before[listener]
					if !there {
						continue
					}
					cut := false
					for protocol, list := range c.cut {
						for _, n := range list {
							cut = cut || listener == fmt.Sprintf("%s/%d", protocol, n)
						}
					}
					if cut == (was == id) {
						t.Errorf("%s: whether it was cut off is not %v", listener, cut)
					}
				}
			})
		}
	}
}

// rulesByPort are the IDs of the rules, which another one of the name has not.
func (w *balanced) rulesByPort() map[string]uint64 {
	w.Helper()
	list, err := w.rest.ForwardingRules.List(project, region).Do()
	w.must(err)
	out := map[string]uint64{}
	for _, r := range list.Items {
		for _, p := range r.Ports {
			out[r.IPProtocol+"/"+p] = r.Id
		}
	}
	return out
}
