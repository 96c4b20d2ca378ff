package gcp

import (
	"context"
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
)

// ranges makes and removes secondary ranges.
type ranges struct {
	*vpc
	// turn lets one change through at a time: two of ours at one subnetwork
	// would only cost each other their fingerprints.
	turn chan struct{}
}

// Create adds the secondary range to its subnetwork.
func (v *ranges) Create(ctx context.Context, r cloud.Range) error {
	return v.edit(ctx, &rangeEdit{attempt: attempt{vpc: v.vpc, about: v.subject("create secondary range ", r)}, want: r, add: true})
}

// Delete removes the secondary range from its subnetwork.
func (v *ranges) Delete(ctx context.Context, r cloud.Range) error {
	return v.edit(ctx, &rangeEdit{attempt: attempt{vpc: v.vpc, about: v.subject("delete secondary range ", r)}, want: r})
}

func (v *ranges) subject(act string, r cloud.Range) subject {
	return subject{act + r.Name + " (" + r.Prefix.String() + ")", v.subnetRef(r.Subnet).String()}
}

// rangeEdit is one change of a subnetwork's secondary ranges.
type rangeEdit struct {
	attempt
	want cloud.Range
	add  bool // or remove
	now  subnetwork
}

// edit reads the subnetwork, decides, and patches it, again and again until
// it is as wanted: others change it too, and each patch carries the whole
// list.
func (v *ranges) edit(ctx context.Context, e *rangeEdit) error {
	select {
	case v.turn <- struct{}{}:
		defer func() { <-v.turn }()
	case <-ctx.Done():
		return classify(cloud.Call{Method: methodPatch}, e.about, ctx.Err())
	}
	if !e.want.Prefix.IsValid() || e.want.Prefix != e.want.Prefix.Masked() {
		return e.refuse(cloud.Invalid, "the prefix is not in its canonical form", "give a prefix without host bits")
	}
	return e.settle(ctx, e.needed, e.send, e.worthAgain)
}

// worthAgain reports whether to read and try again. Once an outcome is
// unknown, a conflict may be with our own earlier request.
func (e *rangeEdit) worthAgain(err error) bool {
	switch cloud.ReasonOf(err) {
	case cloud.OutcomeUnknown:
		e.unsure = err
		return true
	case cloud.Stale:
		e.request = ""
		return true
	case cloud.Conflict:
		e.request = ""
		return e.unsure != nil
	}
	return false
}

func (e *rangeEdit) ref() subnetRef { return e.subnetRef(e.want.Subnet) }

// needed reads the subnetwork.
func (e *rangeEdit) needed(ctx context.Context) (due bool, err error) {
	e.now, err = read(ctx, e.vpc, methodSubnetwork, e.ref().scope(), e.about, func(ctx context.Context) (subnetwork, error) {
		return e.api.subnetwork(ctx, e.ref())
	})
	if err != nil {
		return false, err
	}
	return e.decide(e.now)
}

// decide reports whether the subnetwork has to change, and refuses what can
// be seen to be wrong on it. What overlaps elsewhere the cloud refuses.
func (e *rangeEdit) decide(now subnetwork) (needed bool, err error) {
	for _, r := range now.secondary {
		p, err := parseRange(r.cidr)
		if r.name != e.want.Name {
			if err == nil && e.add && p.Overlaps(e.want.Prefix) {
				return false, e.refuse(cloud.Conflict, "secondary range "+r.name+" has "+r.cidr, "choose another prefix")
			}
			continue
		}
		if err != nil || p != e.want.Prefix {
			return false, e.refuse(cloud.Conflict, "a secondary range of that name has "+r.cidr,
				"it was not made by this request; give it another name or remove it by hand")
		}
		return !e.add, nil
	}
	if e.add && len(now.secondary) >= maxSecondaryRanges {
		return false, e.refuse(cloud.LimitExceeded, "the subnetwork already has 170 secondary ranges", limitRemedy(methodPatch))
	}
	return e.add, nil
}

// send patches the list with the one entry more or less, the others as they
// were read, and waits until the cloud is done.
func (e *rangeEdit) send(ctx context.Context) error {
	now := e.now
	p := subnetPatch{fingerprint: now.fingerprint, requestID: e.requestID()}
	if e.add {
		p.secondary = append(slices.Clone(now.secondary), secondaryRange{name: e.want.Name, cidr: e.want.Prefix.String()})
	} else {
		p.secondary = slices.DeleteFunc(slices.Clone(now.secondary), func(r secondaryRange) bool { return r.name == e.want.Name })
	}
	op, err := e.change(ctx, methodPatch, e.ref().scope(), e.about, func(ctx context.Context) (operation, error) {
		return e.api.patchSubnetwork(ctx, e.ref(), p)
	})
	if err != nil {
		return err
	}
	e.request = "" // its operation tells how it ended
	return e.finish(ctx, methodPatch, e.ref().scope(), op)
}
