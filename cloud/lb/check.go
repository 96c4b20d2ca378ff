package lb

import (
	"errors"
	"fmt"
)

// Validate tells what is wrong with a balancer on any cloud.
func (b LoadBalancer) Validate() error {
	var all []error
	bad := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	if b.Scheme != Internal && b.Scheme != External {
		bad("%q is no scheme", b.Scheme)
	}
	if len(b.Frontends) == 0 || len(b.Listeners) == 0 {
		bad("it needs a frontend and a listener")
	}
	families := map[Family]bool{}
	for _, f := range b.Frontends {
		if f.Family != IPv4 && f.Family != IPv6 || families[f.Family] {
			bad("%q is no family, or has two frontends", f.Family)
		}
		families[f.Family] = true
		if f.Address.IsValid() && FamilyOf(f.Address) != f.Family {
			bad("address %s is not %s", f.Address, f.Family)
		}
	}
	type key struct {
		Protocol
		uint16
	}
	taken := map[key]bool{}
	for _, l := range b.Listeners {
		k := key{l.Protocol, l.Port}
		if l.Protocol != TCP && l.Protocol != UDP || l.Port == 0 || taken[k] {
			bad("listener %q: %s port %d is no port, or is there twice", l.Name, l.Protocol, l.Port)
		}
		taken[k] = true
		if l.To.Nodes == nil {
			bad("listener %q sends nowhere", l.Name)
		} else if b.NodeSet == "" {
			bad("listener %q sends to nodes, of no set", l.Name)
		}
	}
	for _, p := range b.AllowedSources {
		if !p.IsValid() || p != p.Masked() {
			bad("%s is no range of sources", p)
		}
	}
	return errors.Join(all...)
}
