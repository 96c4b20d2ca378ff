package gcesim

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
)

// patchable are the fields that subnetworks.patch can change here; the others
// of its reference must not differ from what is stored.
var patchable = []string{
	"secondaryIpRanges", "fingerprint", "description", "privateIpGoogleAccess", "stackType",
	"role", "allowSubnetCidrRoutesOverlap", "ipv6AccessType",
}

// patchSubnetwork is a merge patch: an absent field is unchanged, a list
// replaces the whole list, and an empty list clears it.
func patchSubnetwork(s *Sim, c *call) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	path := c.path("subnetworks", c.Resource)
	old, ok := s.subnetworks.get(c.Project, c.in, c.Resource)
	if !ok {
		return nil, notFound(path)
	}
	next, present, refusal := mergePatch(c, old)
	if refusal != nil {
		return nil, refusal
	}
	if s.isBusy(path) {
		return nil, notReady(path)
	}
	if refusal := checkFingerprint(present.fingerprint, old.Fingerprint); refusal != nil {
		return nil, refusal
	}
	if refusal := checkRolePatch(old, next); refusal != nil {
		return nil, refusal
	}
	undo, done := func() {}, func() {}
	if present.ranges {
		if undo, done, refusal = s.changeSecondary(c.in.name, old, next); refusal != nil {
			return nil, refusal
		}
	}
	back, refusal := s.changeStack(c.in.name, old, next)
	if refusal != nil {
		undo()
		return nil, refusal
	}
	return s.begin(c, change{
		kind: "patch", path: path, targetID: old.ID, abort: func() { undo(); back() },
		apply: func() *OperationError {
			done()
			if !sameSubnetwork(old, next) {
				next.Fingerprint = s.fingerprint()
				if next.Role != old.Role {
					s.promote(shelfKey{c.Project, c.in}, next)
				}
				s.subnetworks.put(s.clock.Now(), c.Project, c.in, next)
				s.syncSubnetRoutes(next, old.routed())
			}
			return nil
		},
	})
}

func sameSubnetwork(a, b *subnetwork) bool { return reflect.DeepEqual(a, b) }

type patchPresent struct {
	ranges      bool
	fingerprint string
}

func mergePatch(c *call, old *subnetwork) (*subnetwork, patchPresent, *APIError) {
	var present patchPresent
	var asked subnetwork
	body, refusal := decodeFields(c, &asked)
	if refusal != nil {
		return nil, present, refusal
	}
	present.fingerprint = asked.Fingerprint
	next := *old
	fields := jsonFields(reflect.TypeFor[subnetwork]())
	var fixed []string
	for name := range body {
		i := fields[name]
		to, from := reflect.ValueOf(&next).Elem().Field(i), reflect.ValueOf(asked).Field(i)
		if !slices.Contains(patchable, name) {
			if !reflect.DeepEqual(to.Interface(), from.Interface()) {
				fixed = append(fixed, name)
			}
			continue
		}
		if name != "fingerprint" {
			to.Set(from)
		}
	}
	if len(fixed) > 0 {
		slices.Sort(fixed)
		return nil, present, invalid("Invalid value for field 'resource': ''. The following field(s) specified in the request cannot be modified: [%s]", strings.Join(fixed, ", "))
	}
	_, present.ranges = body["secondaryIpRanges"]
	if len(next.SecondaryIPRanges) == 0 {
		next.SecondaryIPRanges = nil
	}
	return &next, present, nil
}

// changeSecondary checks the step from one list of secondary ranges to
// another. undo gives back what it took; done frees what was removed. The
// overlap check comes before the one for mixed requests: renaming a range
// answers a conflict with itself.
func (s *Sim) changeSecondary(region string, old, next *subnetwork) (undo, done func(), refusal *APIError) {
	if refusal := s.checkSecondaryCount(next.SecondaryIPRanges); refusal != nil {
		return nil, nil, refusal
	}
	n, refusal := s.findNetwork(old.Network, "")
	if refusal != nil {
		return nil, nil, refusal
	}
	taken := &claims{sp: s.spaceOf(n.path())}
	refusal = s.checkStep(n, region, old, next, taken)
	removed := missing(old.SecondaryIPRanges, next.SecondaryIPRanges)
	if refusal == nil {
		for _, p := range removed {
			if by, used := taken.sp.user(p); used {
				refusal = inUse(old.path(), by)
			}
		}
	}
	if refusal != nil {
		taken.undo()
		return nil, nil, refusal
	}
	unblock := taken.sp.block(removed, old.path())
	undo = func() { taken.undo(); unblock() }
	done = func() {
		unblock()
		for _, p := range removed {
			taken.sp.ranges.remove(p)
			taken.sp.subnets--
		}
	}
	return undo, done, nil
}

func (s *Sim) checkStep(n *network, region string, old, next *subnetwork, taken *claims) *APIError {
	for i, r := range next.SecondaryIPRanges {
		had, ok := old.rangeNamed(r.RangeName)
		if ok && r.RangeName != "" {
			if p, refusal := parseCIDR("resource.secondaryIpRanges", r.IPCidrRange); refusal != nil || p != had {
				return invalidField("resource.secondaryIpRanges", "", "Existing secondary range cannot be modified.")
			}
			continue
		}
		if refusal := s.claimSecondary(n, next, region, i, taken); refusal != nil {
			return refusal
		}
	}
	removed := missing(old.SecondaryIPRanges, next.SecondaryIPRanges)
	if len(taken.held) > 0 && len(removed) > 0 {
		return invalidField("resource.secondaryIpRanges", "",
			"Cannot add and remove secondary IP ranges in the same request. Added ranges: %s. \nRemoved ranges: %s.",
			words(taken.held), words(removed))
	}
	return s.checkSubnetRangeQuota(taken.sp)
}

// missing are the ranges of from whose names to lacks.
func missing(from, to []secondaryRange) []netip.Prefix {
	var out []netip.Prefix
	for _, r := range from {
		if !slices.ContainsFunc(to, func(t secondaryRange) bool { return t.RangeName == r.RangeName }) {
			out = append(out, mustPrefix(r.IPCidrRange))
		}
	}
	return out
}

func words(list []netip.Prefix) string {
	var out []string
	for _, p := range list {
		out = append(out, p.String())
	}
	return "[" + strings.Join(out, ", ") + "]"
}
