package gcp

import (
	"context"

	"github.com/vpcnative/vpcnative/cloud"
)

// maxAliases is how many alias ranges an interface may have, whatever their
// size. Source: cloud.google.com/vpc/docs/quota, "per instance".
const maxAliases = 150

// firstInterface holds the node's own address, and its pods' range.
const firstInterface = "nic0"

// Attach adds the alias range. One request does it while the interface is as
// the caller knows it.
func (v interfaces) Attach(ctx context.Context, i cloud.Interface, a cloud.Attachment) (cloud.Operation, error) {
	return v.edit(ctx, i, &edit{attempt: attempt{vpc: v.vpc, about: subject{act: "attach alias range " + a.Prefix.String()}}, want: a, add: true})
}

// Detach removes the alias range. Clearing the last one goes the same way.
func (v interfaces) Detach(ctx context.Context, i cloud.Interface, a cloud.Attachment) (cloud.Operation, error) {
	return v.edit(ctx, i, &edit{attempt: attempt{vpc: v.vpc, about: subject{act: "detach alias range " + a.Prefix.String()}}, want: a})
}

// edit is one change of an interface's alias ranges and how it stands.
type edit struct {
	attempt
	ref  instanceRef
	want cloud.Attachment
	add  bool // or remove
}

func (v interfaces) edit(ctx context.Context, i cloud.Interface, e *edit) (cloud.Operation, error) {
	ref, err := v.resolve(e.about.act, i.Instance)
	if err != nil {
		return cloud.Operation{}, err
	}
	ref.id = i.InstanceUID
	e.ref, e.about.resource = ref, ref.String()
	if err := e.check(i); err != nil {
		return cloud.Operation{}, err
	}
	// What the caller knows may be old. It is good enough to send a request
	// by, since the fingerprint proves it, but not to do nothing by.
	fresh := false
	for try := 0; ; try++ {
		if i.Version == "" || try > 0 || !e.needed(i) {
			if i, err = v.reread(ctx, e, i); err != nil {
				return cloud.Operation{}, err
			}
			fresh = true
		}
		if !e.needed(i) {
			return cloud.Operation{}, nil
		}
		if err := e.fits(i, fresh); err != nil {
			return cloud.Operation{}, e.final(err)
		}
		op, err := e.send(ctx, i)
		if err == nil {
			return op, nil
		}
		if !e.worthAgain(err) || try >= e.Retries {
			return cloud.Operation{}, e.final(err)
		}
		// At once the first time: most who lose their fingerprint lose it once.
		if try > 0 && !e.Pause(ctx, try) {
			return cloud.Operation{}, e.final(err)
		}
	}
}

// worthAgain reports whether to read and try again. Once an outcome is
// unknown, a conflict may be with our own earlier request.
func (e *edit) worthAgain(err error) bool {
	r := cloud.ReasonOf(err)
	if r == cloud.OutcomeUnknown {
		e.unsure = err
		return true
	}
	e.request = "" // refused, so a new try is a new request
	return r == cloud.Stale || r == cloud.Conflict && e.unsure != nil
}

// check refuses what no request can bring about.
func (e *edit) check(i cloud.Interface) error {
	if !e.want.Prefix.Addr().Is4() || e.want.Prefix != e.want.Prefix.Masked() {
		return e.refuse(cloud.Invalid, "it is no IPv4 range in its canonical form",
			"give an IPv4 range without host bits; alias ranges out of IPv6 ranges are not supported")
	}
	if i.Subnet == "" && e.add {
		return e.refuse(cloud.Invalid, "the first interface is in subnetwork "+i.SubnetName,
			"it has to be in one of the Network's node subnetworks; move the machine or name its subnetwork there")
	}
	return nil
}

// needed reports whether the interface is not yet as wanted.
func (e *edit) needed(i cloud.Interface) bool {
	for _, a := range i.Attachments {
		if a == e.want || !e.add && a.Prefix == e.want.Prefix {
			return !e.add
		}
	}
	return e.add
}

// fits refuses what the interface cannot take. It refuses only by what was
// just read; by anything older it leaves that to the cloud.
func (e *edit) fits(i cloud.Interface, fresh bool) error {
	if !e.add || !fresh {
		return nil
	}
	for _, a := range i.Attachments {
		if a.Prefix.Overlaps(e.want.Prefix) {
			return e.refuse(cloud.Conflict, "the interface already holds "+a.Prefix.String()+" of range "+a.Range,
				"remove that alias range if it is nobody's, or choose another")
		}
	}
	if len(i.Attachments) >= maxAliases {
		return e.refuse(cloud.LimitExceeded, "the interface already holds 150", limitRemedy(methodUpdate))
	}
	return nil
}

// reread reads the instance again and refuses another one of the same name.
func (v interfaces) reread(ctx context.Context, e *edit, i cloud.Interface) (cloud.Interface, error) {
	now, err := v.get(ctx, e.ref)
	if cloud.Is(err, cloud.NotFound) {
		return now, err // whatever became of our request went with the machine
	}
	if err != nil {
		return now, e.final(err)
	}
	if i.InstanceUID != "" && now.InstanceUID != i.InstanceUID {
		return now, e.refuse(cloud.NotFound, "the instance was replaced: its ID is "+now.InstanceUID+", not "+i.InstanceUID,
			"nothing to do: the machine that this was for is gone")
	}
	e.ref.id = now.InstanceUID
	return now, e.check(now)
}

// send asks for the list with the one entry more or less. While the outcome
// of a request is unknown, the same request goes out again: by its ID the
// cloud tells that it has had it, and answers with its operation.
func (e *edit) send(ctx context.Context, i cloud.Interface) (cloud.Operation, error) {
	p := nicPatch{nic: firstInterface, aliases: kept(i.Attachments, e.want.Prefix), fingerprint: i.Version, requestID: e.requestID()}
	if e.add {
		p.aliases = append(p.aliases, alias{e.want.Prefix.String(), e.want.Range})
	}
	op, err := e.change(ctx, methodUpdate, e.ref.scope(), e.about, func(ctx context.Context) (operation, error) {
		return e.api.updateNetworkInterface(ctx, e.ref, p)
	})
	if err != nil {
		return cloud.Operation{}, err
	}
	e.request = "" // its operation tells how it ended
	if op.done {
		return cloud.Operation{}, op.failure(methodUpdate, e.about)
	}
	return cloud.Operation{ID: op.name, Scope: string(e.ref.scope()), Act: e.about.act}, nil
}
