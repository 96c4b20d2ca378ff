package aws

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
)

// Attach delegates the prefixes of the run that the interface lacks, by name
// and never by number, so that a repeat allocates nothing twice. One request
// does it where the interface has nothing of it.
func (v interfaces) Attach(ctx context.Context, i cloud.Interface, a cloud.Attachment) (cloud.Operation, error) {
	if !a.IPv6.IsValid() {
		return cloud.Operation{}, v.add(ctx, i, a.Prefix)
	}
	if err := v.add(ctx, i, a.IPv6); err != nil {
		return cloud.Operation{}, err
	}
	err := v.add(ctx, i, a.Prefix)
	if isTaken(err) && !i.Holds(a.IPv6) {
		if undo := v.remove(ctx, i, a.IPv6); undo != nil {
			return cloud.Operation{}, undo // neither or both: it has to come again
		}
	}
	return cloud.Operation{}, err
}

// Detach takes back the prefixes of the run that the interface has. One
// request does it where the interface has all of it.
func (v interfaces) Detach(ctx context.Context, i cloud.Interface, a cloud.Attachment) (cloud.Operation, error) {
	err := v.remove(ctx, i, a.Prefix)
	if err == nil && a.IPv6.IsValid() {
		err = v.remove(ctx, i, a.IPv6)
	}
	return cloud.Operation{}, err
}

func (v interfaces) add(ctx context.Context, i cloud.Interface, p netip.Prefix) error {
	return v.edit(ctx, i, &edit{vpc: v.vpc, want: p, add: true, about: subject{act: "delegate prefix " + p.String()}})
}

func (v interfaces) remove(ctx context.Context, i cloud.Interface, p netip.Prefix) error {
	return v.edit(ctx, i, &edit{vpc: v.vpc, want: p, about: subject{act: "detach prefix " + p.String()}})
}

// edit is one change of what is delegated to an interface, and how it stands.
type edit struct {
	*vpc
	ref   machineRef
	want  netip.Prefix
	add   bool // or take back
	about subject
	began time.Time
	known bool // the interface was read, and not only remembered
	// unsure is set once a request of ours may have been taken up without
	// our knowing. From then on no refusal is the last word: it may be about
	// the second try only.
	unsure error
}

// edit asks for the whole run first, whatever the caller or a read shows: a
// read may be out of date, and only EC2's answer to a change is not. What is
// read returns which part of the run to ask for after a refusal, and agrees or
// not with a refusal that says that there is nothing to do.
func (v interfaces) edit(ctx context.Context, i cloud.Interface, e *edit) (err error) {
	if i, err = v.begin(ctx, i, e); err != nil {
		return err
	}
	todo := units(e.want)
	for try := 0; ; try++ {
		refused := e.send(ctx, i.Version, todo)
		if refused == nil {
			return nil
		}
		// At once the first time: most who know old things do so once.
		if !e.worthAgain(refused) || try >= e.Retries || try > 0 && !e.Pause(ctx, try) {
			return e.final(ctx, refused)
		}
		left, agrees, err := []netip.Prefix(nil), false, error(nil)
		if i, left, agrees, err = v.look(ctx, e, i, refused, todo); err != nil {
			return err
		}
		switch {
		case len(left) == 0 && e.settles(refused):
			return nil
		case len(left) == 0:
			left = units(e.want)
		case agrees:
			return e.final(ctx, refused)
		}
		todo = left
	}
}

// begin checks what is asked, and reads the interface where it was not.
func (v interfaces) begin(ctx context.Context, i cloud.Interface, e *edit) (_ cloud.Interface, err error) {
	if e.ref, err = v.resolve(e.about.act, i.Instance); err != nil {
		return i, err
	}
	e.began = time.Now()
	e.about.resource = e.ref.String()
	if err := e.check(i); err != nil || i.Version != "" {
		return i, err
	}
	return v.reread(ctx, e, i)
}

// look reads what is left to do after a refusal, and whether that agrees with
// it: the addresses are taken, and not by this interface. A read may be behind,
// and not show what an earlier request of ours was given, so that one which
// agrees is repeated until it cannot be.
func (v interfaces) look(ctx context.Context, e *edit, i cloud.Interface, refused error, todo []netip.Prefix) (now cloud.Interface, left []netip.Prefix, agrees bool, err error) {
	for try := 0; ; try++ {
		behind := e.behind(e.began)
		if now, err = v.reread(ctx, e, i); err != nil {
			return now, nil, false, err
		}
		left = e.todo(now)
		agrees = e.unsure == nil && isTaken(refused) && slices.Equal(left, todo)
		if !agrees || !behind || !e.Pause(ctx, try) {
			return now, left, agrees, nil
		}
	}
}

// settles reports whether a refusal says that the change was made before, where
// the interface reads so too. EC2 documents neither what it answers when an
// interface is given what it has, success or a refusal, nor whether it looks
// at slots or at addresses first.
func (e *edit) settles(refused error) bool {
	if e.add {
		return isTaken(refused)
	}
	return notHeld(refused)
}

// isTaken reports whether a refusal is for addresses or slots that are in use.
func isTaken(err error) bool {
	return cloud.Is(err, cloud.Conflict) || cloud.Is(err, cloud.LimitExceeded)
}

// todo are the /28s to delegate or to take back, as the interface reads.
func (e *edit) todo(i cloud.Interface) []netip.Prefix {
	return slices.DeleteFunc(units(e.want), func(p netip.Prefix) bool { return i.Holds(p) == e.add })
}

func (e *edit) send(ctx context.Context, interfaceID string, todo []netip.Prefix) error {
	action, do := actionAssign, e.api.assign
	switch v4 := e.want.Addr().Is4(); {
	case e.add && !v4:
		action, do = actionAssign6, e.api.assign6
	case !e.add && v4:
		action, do = actionUnassign, e.api.unassign
	case !e.add:
		action, do = actionUnassign6, e.api.unassign6
	}
	return e.change(ctx, action, e.about, func(ctx context.Context) error { return do(ctx, interfaceID, todo) })
}

// worthAgain reports whether to read and try again. A refusal of what was
// asked by old knowledge is, and one that may be about our own earlier
// request. An interface that is not found may be gone, or so new that EC2
// does not know it everywhere.
func (e *edit) worthAgain(err error) bool {
	switch cloud.ReasonOf(err) {
	case cloud.OutcomeUnknown:
		e.unsure = err
		return true
	case cloud.Stale, cloud.NotFound:
		return true
	case cloud.Conflict, cloud.LimitExceeded:
		return e.unsure != nil || !e.known || e.behind(e.began)
	}
	return false
}

// final makes an error the last word.
func (e *edit) final(ctx context.Context, err error) error {
	if e.unsure != nil {
		return e.unsure
	}
	if r := cloud.ReasonOf(err); e.add && (r == cloud.LimitExceeded || r == cloud.Invalid) {
		return e.explain(ctx, err)
	}
	return err
}

// check refuses what no request can bring about.
func (e *edit) check(i cloud.Interface) error {
	p := e.want
	ok := p.IsValid() && p == p.Masked() && p.Bits() == ipv6Bits
	if p.IsValid() && p.Addr().Is4() {
		ok = p == p.Masked() && p.Bits() <= delegatedBits && p.Bits() >= 16
	}
	if !ok {
		return e.refuse(cloud.Invalid, errors.New("it is neither an IPv4 range of whole /28s nor an IPv6 /80"),
			"give an IPv4 range without host bits, between /16 and /28, or an IPv6 /80: EC2 delegates addresses by these")
	}
	if i.Subnet == "" && e.add {
		return e.refuse(cloud.Invalid, errors.New("the primary interface is in subnet "+i.SubnetName),
			"it has to be in one of the Network's node subnets; move the machine or name its subnet there")
	}
	return nil
}

func (e *edit) refuse(r cloud.Reason, err error, remedy string) error {
	return &cloud.Error{Reason: r, Act: e.about.act, Resource: e.about.resource, Err: err, Remedy: remedy}
}

// reread reads the instance again.
func (v interfaces) reread(ctx context.Context, e *edit, i cloud.Interface) (cloud.Interface, error) {
	_, now, err := v.get(ctx, e.ref)
	switch {
	case cloud.Is(err, cloud.NotFound), cloud.Is(err, cloud.WrongCloud):
		return now, err // whatever became of our request went with the machine
	case err != nil && e.unsure != nil:
		return now, e.unsure
	case err != nil:
		return now, err
	case i.InstanceUID != "" && now.InstanceUID != i.InstanceUID:
		return now, e.refuse(cloud.NotFound, errors.New("the instance is "+now.InstanceUID+", not "+i.InstanceUID),
			"nothing to do: the machine that this was for is gone")
	case now.Version == "":
		return now, e.refuse(cloud.NotFound, errors.New("the instance has no primary interface in VPC "+v.VPC), "move the machine or take its Node out of the cluster")
	}
	e.known = true
	return now, e.check(now)
}
