package main

import (
	"fmt"
	"strings"
	"time"
)

// keepLooking looks at the simulated cloud, which has no watch.
func (b *board) keepLooking() {
	defer close(b.looked)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-b.stopLook:
			return
		case <-tick.C:
			b.look()
		}
	}
}

// look tells what the cloud was asked and what changed in it since.
func (b *board) look() {
	b.looking.Lock()
	defer b.looking.Unlock()
	calls := b.cloud.calls()
	for _, c := range calls[min(b.calls, len(calls)):] {
		b.called(c)
	}
	b.calls = len(calls)
	b.lookAtSubnets()
	b.lookAtVMs()
	b.lookAtFirewall()
	b.lookAtBalancers()
}

func (b *board) called(c call) {
	switch {
	case c.refused != "":
		b.refusals++
		b.tell(event{source: "cloud call", subject: c.on, what: c.method + " refused: " + c.refused, bad: true})
	case c.changes && b.cloud.balances(c.method): // what comes of them is told
		b.balances[c.method]++
	case c.changes:
		b.tell(event{source: "cloud call", subject: c.on, what: c.method, late: true})
	}
}

// refused counts the calls that the cloud refused so far.
func (b *board) refused() int {
	b.look()
	b.looking.Lock()
	defer b.looking.Unlock()
	return b.refusals
}

func (b *board) lookAtSubnets() {
	now := map[string]bool{}
	for _, sub := range b.cloud.subnets() {
		for _, r := range sub.Ranges {
			key := sub.Name + "/" + r.Name
			if now[key] = true; !b.ranges[key] {
				b.tell(event{source: "subnet", subject: b.cloud.label(sub.Name), what: "has a " + b.words.ranged + ":", detail: fmt.Sprintf("%s, %s", bold(r.Prefix), r.Name)})
			}
		}
	}
	for key := range b.ranges {
		if !now[key] {
			sub, name, _ := strings.Cut(key, "/")
			b.tell(event{source: "subnet", subject: b.cloud.label(sub), what: "removed:", detail: name})
		}
	}
	b.ranges = now
}

func (b *board) lookAtFirewall() {
	now := map[string]bool{}
	for _, f := range b.cloud.rules() {
		if now[f.Name] = true; !b.rules[f.Name] {
			b.tell(event{source: "firewall", subject: f.Network, what: "allows from", detail: fmt.Sprintf("%v, %s", f.sources, f.Name)})
		}
	}
	for name := range b.rules {
		if !now[name] {
			b.tell(event{source: "firewall", subject: network, what: "removed:", detail: name})
		}
	}
	b.rules = now
}

func (b *board) lookAtVMs() {
	now := map[string]string{}
	for _, i := range b.cloud.machines() {
		now[i.Name] = carries(i)
		was, known := b.carried[i.Name]
		switch is := now[i.Name]; {
		case !known:
			b.tell(event{source: "vm", subject: i.Name, what: "started"})
		case is == was:
		case is == "":
			b.tell(event{source: "vm", subject: i.Name, what: b.words.piece + " detached", detail: was})
		default:
			b.tell(event{source: "vm", subject: i.Name, what: b.words.piece + " attached", detail: is})
		}
	}
	for name := range b.carried {
		if _, there := now[name]; !there {
			b.tell(event{source: "vm", subject: name, what: "deleted"})
		}
	}
	b.carried = now
}

func carries(m machine) string {
	var out []string
	for _, p := range m.carried() {
		out = append(out, p.String())
	}
	return strings.Join(out, " ")
}
