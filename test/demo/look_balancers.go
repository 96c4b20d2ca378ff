package main

import (
	"cmp"
	"fmt"
	"maps"
	"strings"
)

// lookAtBalancers tells of what load balancers are made of.
func (b *board) lookAtBalancers() {
	now := map[string]string{}
	for _, p := range b.cloud.parts() {
		if !p.Ours {
			continue
		}
		key := p.Kind + "\n" + b.whose(p.For) + "\n" + p.Name
		now[key] = p.Says
		if was, known := b.parts[key]; !known || was != p.Says {
			b.tell(event{source: "balancer", subject: b.whose(p.For), what: p.Kind, detail: p.Says})
		}
	}
	for key := range b.parts {
		if _, there := now[key]; !there {
			part := strings.Split(key, "\n")
			b.tell(event{source: "balancer", subject: part[1], what: part[0] + " is gone"})
		}
	}
	b.parts = now
}

// whose names the Service, where there is one.
func (b *board) whose(service string) string {
	_, name, _ := strings.Cut(service, "/")
	return cmp.Or(name, "shared")
}

// balancing counts the calls so far that changed load balancers, by method.
func (b *board) balancing() map[string]int {
	b.look()
	b.looking.Lock()
	defer b.looking.Unlock()
	return maps.Clone(b.balances)
}

// reach notes where a Service is reached, and whether that is news.
func (b *board) reach(name, at string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	had := b.at[name]
	b.at[name] = at
	return had != at
}

// reached checks that the Services were seen to be reached somewhere.
func (b *board) reached(names ...string) func() error {
	return func() error {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, name := range names {
			if b.at[name] == "" {
				return fmt.Errorf("service %s was not seen with an address", name)
			}
		}
		return nil
	}
}
