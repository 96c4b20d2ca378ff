package gcesim

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// updateNetworkInterface sets the alias ranges of one interface: the list is
// the whole desired set, an absent list changes nothing, an empty one clears
// it (the alias range guide). Or it sets the stack type.
func updateNetworkInterface(s *Sim, c *call) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	path := c.path("instances", c.Resource)
	i, ok := s.instances.get(c.Project, c.in, c.Resource)
	if !ok {
		return nil, notFound(path)
	}
	asked, present, refusal := interfaceBody(c)
	if refusal != nil {
		return nil, refusal
	}
	name := c.query.Get("networkInterface")
	if name == "" {
		return nil, refuse(400, "required", "Required parameter: networkInterface")
	}
	at, refusal := i.nic(name)
	if refusal != nil {
		return nil, refusal
	}
	if s.isBusy(path) {
		return nil, notReady(path)
	}
	if refusal := checkFingerprint(asked.Fingerprint, i.NetworkInterfaces[at].Fingerprint); refusal != nil {
		return nil, refusal
	}
	if asked.StackType != "" {
		return s.setStack(c, i, at, asked)
	}
	want := asked.AliasIPRanges
	if !present {
		want = i.NetworkInterfaces[at].AliasIPRanges
	}
	plan, refusal := s.planUpdate(i, at, want)
	if refusal != nil {
		return nil, refusal
	}
	if plan.added > 0 && len(plan.drop) > 0 {
		plan.undo()
		return nil, invalidField("resource.aliasIpRanges", "", "Cannot simultaneously add and remove alias IP ranges.")
	}
	return s.begin(c, change{
		kind: "updateNetworkInterface", path: path, targetID: i.ID, err: plan.failure, abort: plan.undo,
		apply: func() *OperationError { return s.applyAliases(c.Project, c.in, i, at, plan) },
	})
}

// interfaceBody reads what may be updated, the alias ranges or the stack
// type; any other field is refused. present tells that it has a list of alias
// ranges.
func interfaceBody(c *call) (asked networkInterface, present bool, refusal *APIError) {
	fields, refusal := decodeFields(c, &asked)
	if refusal != nil {
		return asked, false, refusal
	}
	may := []string{"aliasIpRanges", "fingerprint"}
	if asked.StackType != "" {
		may = []string{"stackType", "ipv6Address", "ipv6AccessConfigs", "fingerprint"}
	}
	for name, value := range fields {
		if !slices.Contains(may, name) {
			return asked, false, invalidField("resource."+name, strings.Trim(string(value), `"`), "Updating this field is not supported.")
		}
	}
	_, present = fields["aliasIpRanges"]
	return asked, present, nil
}

// aliasPlan is the step from one list of alias ranges to another. What it adds
// is claimed already; what it drops is released when it is applied.
type aliasPlan struct {
	list    []aliasRange
	added   int
	drop    []netip.Prefix
	undo    func()
	failure *OperationError
}

func (s *Sim) planUpdate(i *instance, at int, want []aliasRange) (*aliasPlan, *APIError) {
	nic := i.NetworkInterfaces[at]
	r, _ := parseRef(nic.Subnetwork, "", "subnetworks")
	sub, ok := s.subnetworks.get(r.project, r.in, r.name)
	if !ok {
		return nil, notFound(r.path("subnetworks"))
	}
	return s.planAliases("resource", s.spaceOf(sub.networkPath()), sub, i.path(), nic.AliasIPRanges, want)
}

func (s *Sim) planAliases(field string, sp *space, sub *subnetwork, by string, have, want []aliasRange) (*aliasPlan, *APIError) {
	field += ".aliasIpRanges"
	if len(want) > maxAliasRangesPerNIC {
		return nil, invalidField(field, fmt.Sprint(len(want)), "A network interface can have at most %d alias IP ranges.", maxAliasRangesPerNIC)
	}
	asked := make([]aliasAsk, len(want))
	kept := map[aliasRange]bool{}
	for n, a := range want {
		ask, refusal := parseAlias(fmt.Sprintf("%s[%d]", field, n), sub, a)
		if refusal != nil {
			return nil, refusal
		}
		asked[n] = ask
		if ask.pick == 0 {
			if kept[ask.canonical()] {
				return nil, invalidField(field, a.IPCidrRange, "Duplicate alias IP range.")
			}
			kept[ask.canonical()] = true
		}
	}
	plan := &aliasPlan{}
	for _, a := range have {
		if !kept[a] {
			plan.drop = append(plan.drop, mustPrefix(a.IPCidrRange))
		}
	}
	plan.take(sp, sub, by, have, asked)
	if limit := s.quotas[QuotaAliases]; plan.failure == nil && plan.added > 0 && sp.aliases > limit {
		plan.undo()
		plan.failure = &OperationError{Code: "QUOTA_EXCEEDED", HTTPStatus: 403,
			Message: fmt.Sprintf("Quota '%s' exceeded.  Limit: %d.0 globally.", QuotaAliases, limit)}
	}
	return plan, nil
}

// take claims what is new, or nothing if any of it is in use.
func (plan *aliasPlan) take(sp *space, sub *subnetwork, by string, have []aliasRange, asked []aliasAsk) {
	var taken []netip.Prefix
	plan.undo = func() {
		for _, p := range taken {
			sp.free(p)
		}
		taken = nil
	}
	had := map[aliasRange]bool{}
	for _, a := range have {
		had[a] = true
	}
	for _, ask := range asked {
		if ask.pick == 0 && had[ask.canonical()] {
			plan.list = append(plan.list, ask.canonical())
			continue
		}
		plan.added++
		if plan.failure != nil {
			continue
		}
		if ask.pick > 0 {
			var ok bool
			if ask.prefix, ok = sp.used.firstFree(ask.parent, ask.pick); !ok {
				plan.failure = ipExhausted(sub)
				continue
			}
		}
		if !sp.claim(ask.prefix, by, true) {
			plan.failure = ipInUse(ask.prefix.String())
			continue
		}
		taken = append(taken, ask.prefix)
		plan.list = append(plan.list, ask.canonical())
	}
	if plan.failure != nil {
		plan.undo()
	}
}

// applyAliases makes the planned list visible.
func (s *Sim) applyAliases(project string, in scope, was *instance, at int, plan *aliasPlan) *OperationError {
	i, gone := s.current(project, in, was)
	if gone != nil {
		return gone
	}
	if plan.added == 0 && len(plan.drop) == 0 {
		return nil
	}
	next := *i
	next.NetworkInterfaces = slices.Clone(i.NetworkInterfaces)
	nic := &next.NetworkInterfaces[at]
	nic.AliasIPRanges = plan.list
	nic.Fingerprint, next.Fingerprint = s.fingerprint(), s.fingerprint()
	s.instances.put(s.clock.Now(), project, in, &next)
	sp := s.spaceOf(strings.TrimPrefix(nic.Network, selfLinkBase))
	for _, p := range plan.drop {
		s.release(sp, p)
	}
	return nil
}
