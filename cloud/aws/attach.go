package aws

import (
	"context"
	"errors"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
)

// Attach delegates the prefixes of the run that the interface lacks. One
// request does it while the interface is as the caller knows it.
func (v interfaces) Attach(ctx context.Context, i cloud.Interface, a cloud.Attachment) (cloud.Operation, error) {
	return cloud.Operation{}, v.edit(ctx, i, &edit{vpc: v.vpc, want: a.Prefix, add: true, about: subject{act: "delegate prefix " + a.Prefix.String()}})
}

// Detach takes back the prefixes of the run that the interface has.
func (v interfaces) Detach(ctx context.Context, i cloud.Interface, a cloud.Attachment) (cloud.Operation, error) {
	return cloud.Operation{}, v.edit(ctx, i, &edit{vpc: v.vpc, want: a.Prefix, about: subject{act: "take back prefix " + a.Prefix.String()}})
}

// edit is one change of what is delegated to an interface, and how it stands.
type edit struct {
	*vpc
	ref   machineRef
	want  netip.Prefix
	add   bool // or take back
	about subject
	known bool // the interface was read, and not only remembered
	// unsure is set once a request of ours may have been taken up without
	// our knowing. From then on no refusal is the last word: it may be about
	// the second try only.
	unsure error
}

func (v interfaces) edit(ctx context.Context, i cloud.Interface, e *edit) (err error) {
	if e.ref, err = v.resolve(e.about.act, i.Instance); err != nil {
		return err
	}
	e.about.resource = e.ref.String()
	if err := e.check(i); err != nil {
		return err
	}
	// What the caller knows may be old. It is good enough to send a request
	// by, since EC2 refuses what is not as we think, but not to do nothing by.
	var refused error
	var before []netip.Prefix
	for try := 0; ; try++ {
		if i.Version == "" || try > 0 || len(e.todo(i)) == 0 {
			if i, err = v.reread(ctx, e, i); err != nil {
				return err
			}
		}
		todo := e.todo(i)
		if len(todo) == 0 {
			return nil
		}
		if e.unsure == nil && (cloud.Is(refused, cloud.Conflict) || cloud.Is(refused, cloud.LimitExceeded)) && slices.Equal(todo, before) {
			return e.final(ctx, refused) // we knew the interface well
		}
		if refused = e.send(ctx, i.Version, todo); refused == nil {
			return nil
		}
		if !e.worthAgain(refused) || try >= e.Retries {
			return e.final(ctx, refused)
		}
		before = todo
		// At once the first time: most who know old things do so once.
		if try > 0 && !e.pause(ctx, try) {
			return e.final(ctx, refused)
		}
	}
}

// todo are the /28s to delegate or to take back.
func (e *edit) todo(i cloud.Interface) []netip.Prefix {
	return slices.DeleteFunc(pieces(e.want), func(p netip.Prefix) bool {
		held := slices.ContainsFunc(i.Attachments, func(a cloud.Attachment) bool { return a.Prefix.Overlaps(p) })
		return held == e.add
	})
}

func (e *edit) send(ctx context.Context, interfaceID string, todo []netip.Prefix) error {
	if e.add {
		return e.change(ctx, actionAssign, e.about, func(ctx context.Context) error { return e.api.assign(ctx, interfaceID, todo) })
	}
	return e.change(ctx, actionUnassign, e.about, func(ctx context.Context) error { return e.api.unassign(ctx, interfaceID, todo) })
}

// worthAgain tells whether to read again and try anew. A refusal of what was
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
		return e.unsure != nil || !e.known
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
	if !p.IsValid() || !p.Addr().Is4() || p != p.Masked() || p.Bits() > delegatedBits || p.Bits() < 16 {
		return e.refuse(cloud.Invalid, errors.New("it is no IPv4 range of whole /28s"),
			"give an IPv4 range without host bits, between /16 and /28: EC2 delegates addresses by /28")
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
