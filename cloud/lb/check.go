package lb

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
)

// Validate reports what is wrong with a balancer on any cloud. What is wrong with
// a part of it is a [*Refusal], which names who asked for that.
func (b LoadBalancer) Validate() error {
	var all []error
	if b.Scheme != Internal && b.Scheme != External {
		all = append(all, fmt.Errorf("%q is no scheme", b.Scheme))
	}
	if len(b.Frontends) == 0 || len(b.Listeners) == 0 {
		all = append(all, errors.New("it needs a frontend and a listener"))
	}
	families := map[Family]bool{}
	for _, f := range b.Frontends {
		if f.Family != IPv4 && f.Family != IPv6 || families[f.Family] {
			all = append(all, fmt.Errorf("%q is no family, or has two frontends", f.Family))
		}
		families[f.Family] = true
		if f.Address.IsValid() && FamilyOf(f.Address) != f.Family {
			all = append(all, fmt.Errorf("address %s is not %s", f.Address, f.Family))
		}
	}
	for _, p := range b.AllowedSources {
		if !p.IsValid() || p != p.Masked() {
			all = append(all, fmt.Errorf("%s is no range of sources", p))
		}
	}
	return errors.Join(append(all, b.validateParts()...)...)
}

func (b LoadBalancer) validateParts() (all []error) {
	bad := func(from cloud.Owner, format string, args ...any) {
		all = append(all, b.Refuse(from, fmt.Errorf(format, args...)))
	}
	type key struct {
		Protocol
		uint16
	}
	taken := map[key]bool{}
	for _, l := range b.Listeners {
		k := key{l.Protocol, l.Port}
		if l.Protocol != TCP && l.Protocol != UDP || l.Port == 0 || taken[k] {
			bad(l.From, "listener %q: %s port %d is no port, or is there twice", l.Name, l.Protocol, l.Port)
		}
		taken[k] = true
		if _, there := b.Backends[l.To.Backend]; !there {
			bad(l.From, "listener %q sends nowhere: there is no backend %q", l.Name, l.To.Backend)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.Backends)) {
		if to := b.Backends[name]; to.Nodes.Name == "" {
			bad(to.From, "backend %q sends to nodes, of no set", name)
		}
	}
	return all
}

// Refusal is why a part of a balancer cannot be, and whose that is: it keeps no
// part that others ask for from being made.
type Refusal struct {
	From cloud.Owner
	Err  error
	// named: the text says whose, as that is not the balancer's owner.
	named bool
}

func (e *Refusal) Error() string {
	if !e.named {
		return e.Err.Error()
	}
	return words(e.From) + ": " + e.Err.Error()
}

func (e *Refusal) Unwrap() error { return e.Err }

// Refuse refuses what an object asked for of the balancer.
func (b LoadBalancer) Refuse(from cloud.Owner, err error) error {
	if (from == cloud.Owner{}) {
		from = b.Owner
	}
	return &Refusal{From: from, Err: err, named: from != b.Owner}
}

// SoleBackend is that of a balancer whose listeners all send to one, as they do
// on clouds that hand packets on as they came.
func (b LoadBalancer) SoleBackend() (Backend, error) {
	names := slices.Sorted(maps.Keys(b.Backends))
	switch len(names) {
	case 0:
		return Backend{}, errors.New("it has no backend")
	case 1:
		return b.Backends[names[0]], nil
	}
	return Backend{}, b.Refuse(b.Backends[names[1]].From, fmt.Errorf("it has %d backends, and such a load balancer has one", len(names)))
}
