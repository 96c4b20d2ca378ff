package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

// board knows how things stand, and tells the feed what changes.
type board struct {
	*feed
	sim *gcesim.Sim

	mu       sync.Mutex
	nodes    map[string]*corev1.Node
	seen     map[string]time.Time     // when a Node appeared
	earlier  map[string]lease         // by range: who had it last
	again    map[string]time.Duration // by Node that got a range again: since when it was nobody's
	used     int32                    // percent of the RangeRequest
	looking  sync.Mutex               // guards what follows
	calls    int                      // of the simulator's log that are told
	carried  map[string]string        // by VM: its alias ranges
	ranges   map[string]bool          // secondary ranges, as subnet/name
	stopLook chan struct{}
	looked   chan struct{}
}

// lease is who had a range, and since when no more.
type lease struct {
	node string
	over time.Time
}

func newBoard(s *screen, sim *gcesim.Sim) *board {
	b := &board{
		feed: newFeed(s), sim: sim,
		nodes: map[string]*corev1.Node{}, seen: map[string]time.Time{}, earlier: map[string]lease{}, again: map[string]time.Duration{},
		carried: map[string]string{}, ranges: map[string]bool{},
		stopLook: make(chan struct{}), looked: make(chan struct{}),
	}
	for _, sub := range sim.Subnetworks() {
		for _, r := range sub.Secondary {
			b.ranges[sub.Name+"/"+r.Name] = true
		}
	}
	s.more = b.standing
	go b.keepLooking()
	return b
}

// standing is the live line's short account.
func (b *board) standing() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.nodes) == 0 {
		return ""
	}
	ready := 0
	for _, n := range b.nodes {
		if n.Spec.PodCIDR != "" {
			ready++
		}
	}
	const width = 20
	full := width * ready / len(b.nodes)
	return fmt.Sprintf("%s%s %d of %d nodes, %d %% used",
		strings.Repeat("█", full), strings.Repeat("░", width-full), ready, len(b.nodes), b.used)
}

// rested checks that the Node got a range that another had, and not before
// its rest was over (I3).
func (b *board) rested(node string, atLeast time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	rest, again := b.again[node]
	if !again {
		return fmt.Errorf("node %s got no range that another Node had", node)
	}
	if rest < atLeast {
		return fmt.Errorf("I3: node %s got a range %s after its Node was deleted, before its rest of %s was over", node, rest, atLeast)
	}
	return nil
}

func (b *board) close() {
	close(b.stopLook)
	<-b.looked
	b.feed.close()
}

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
	calls := b.sim.Calls()
	for _, c := range calls[min(b.calls, len(calls)):] {
		b.called(c)
	}
	b.calls = len(calls)
	b.lookAtSubnets()
	b.lookAtVMs()
}

func (b *board) called(c gcesim.Call) {
	switch {
	case c.Status >= 400 && c.Status != 404:
		b.tell(event{source: "cloud call", subject: c.Resource, what: fmt.Sprintf("%s refused: %d %s", c.Method, c.Status, c.Reason), bad: true})
	case c.Mutating:
		b.tell(event{source: "cloud call", subject: c.Resource, what: c.Method, late: true})
	}
}

func (b *board) lookAtSubnets() {
	now := map[string]bool{}
	for _, sub := range b.sim.Subnetworks() {
		for _, r := range sub.Secondary {
			key := sub.Name + "/" + r.Name
			if now[key] = true; !b.ranges[key] {
				b.tell(event{source: "subnet", subject: sub.Name, what: "has a secondary range:", detail: fmt.Sprintf("%s, %s", bold(r.Prefix), r.Name)})
			}
		}
	}
	for key := range b.ranges {
		if !now[key] {
			sub, name, _ := strings.Cut(key, "/")
			b.tell(event{source: "subnet", subject: sub, what: "has no more:", detail: name})
		}
	}
	b.ranges = now
}

func (b *board) lookAtVMs() {
	now := map[string]string{}
	for _, i := range b.sim.Instances() {
		now[i.Name] = aliases(i)
		was, known := b.carried[i.Name]
		switch is := now[i.Name]; {
		case !known:
			b.tell(event{source: "vm", subject: i.Name, what: "started"})
		case is == was:
		case is == "":
			b.tell(event{source: "vm", subject: i.Name, what: "alias range detached", detail: was})
		default:
			b.tell(event{source: "vm", subject: i.Name, what: "alias range attached", detail: is})
		}
	}
	for name := range b.carried {
		if _, there := now[name]; !there {
			b.tell(event{source: "vm", subject: name, what: "deleted"})
		}
	}
	b.carried = now
}

func aliases(i gcesim.Instance) string {
	var out []string
	for _, nic := range i.Interfaces {
		for _, a := range nic.Aliases {
			out = append(out, a.Prefix.String())
		}
	}
	return strings.Join(out, " ")
}
