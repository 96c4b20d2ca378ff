package main

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// board knows how things stand, and tells the feed what changes.
type board struct {
	*feed
	cloud simulated
	words words

	several atomic.Bool // clusters: their objects are told apart by its name

	mu       sync.Mutex
	nodes    map[string]*corev1.Node
	seen     map[string]time.Time     // when a Node appeared
	leaving  map[string]time.Time     // by Node: when its deletion was asked for
	earlier  map[string]lease         // by range: who had it last
	again    map[string]time.Duration // by Node that got a range again: since when it was nobody's
	reasons  map[string]bool          // that Nodes waited for, and that were told in full
	given    map[string]bool          // by Service: it has a ClusterIP
	at       map[string]string        // by Service: where it is reached
	further  []netip.Prefix           // ServiceCIDRs that were made since the demo began
	looking  sync.Mutex               // guards what follows
	refusals int                      // of changes
	calls    int                      // of the simulator's log that are told
	carried  map[string]string        // by VM: what it carries
	ranges   map[string]bool          // as subnet/name
	rules    map[string]bool          // of the firewall
	parts    map[string]string        // of load balancers, with what each says
	balances map[string]int           // calls that changed those, by method
	stopLook chan struct{}
	looked   chan struct{}
}

// lease is who had a range, and since when no more.
type lease struct {
	node string
	over time.Time
}

func newBoard(s *screen, c simulated) *board {
	b := &board{
		feed: newFeed(s), cloud: c, words: c.words(),
		nodes: map[string]*corev1.Node{}, seen: map[string]time.Time{}, earlier: map[string]lease{}, again: map[string]time.Duration{},
		leaving: map[string]time.Time{},
		reasons: map[string]bool{}, given: map[string]bool{}, at: map[string]string{}, balances: map[string]int{},
		carried: map[string]string{}, ranges: map[string]bool{},
		stopLook: make(chan struct{}), looked: make(chan struct{}),
	}
	for _, sub := range c.subnets() {
		for _, r := range sub.Ranges {
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
	line := fmt.Sprintf("%s%s %d of %d nodes", strings.Repeat("█", full), strings.Repeat("░", width-full), ready, len(b.nodes))
	if len(b.given) > 0 {
		line += fmt.Sprintf(", %d Services", len(b.given))
	}
	return line
}

// first tells whether a reason comes for the first time: the next to wait for
// it say the same.
func (b *board) first(reason string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	known := b.reasons[reason]
	b.reasons[reason] = true
	return !known
}

// leave notes that a Node is about to be deleted: its watch event may be late,
// and its range may not count as free for less than it was.
func (b *board) leave(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.leaving[name] = time.Now()
}

// expose notes that a Service has a ClusterIP, or has it no more.
func (b *board) expose(name string, has bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if has {
		b.given[name] = true
	} else {
		delete(b.given, name)
	}
}

// exposed checks that so many Services were seen to have a ClusterIP.
func (b *board) exposed(want int) func() error {
	return func() error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.given) != want {
			return fmt.Errorf("%d Services of %d were seen with a ClusterIP", len(b.given), want)
		}
		return nil
	}
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
		return fmt.Errorf("I3: node %s got a range %s after its Node was deleted, before its quarantine of %s was over", node, rest, atLeast)
	}
	return nil
}

func (b *board) close() {
	close(b.stopLook)
	<-b.looked
	b.feed.close()
}
