package gcp

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// Apply carries out one action.
func (v balancers) Apply(ctx context.Context, a lb.Action, got lb.State) (lb.Resource, error) {
	e := &lbEdit{attempt: attempt{vpc: v.vpc}, action: a, at: v.refOf(a.Ref)}
	e.about = subject{string(a.Verb) + " " + a.Kind, e.at.String()}
	if a.Want != nil {
		e.want = resolve(a.Want.Fields, got)
	}
	now, err := e.settle(ctx)
	if err != nil {
		return now, e.forAdmin(err)
	}
	if e.made && e.at.isPool() {
		now.Members = []string{}
	}
	if a.Want != nil {
		now.Uses = a.Want.Uses
		if a.Kind != kindRule { // whose claims have its address, which was not known
			now.Claims = a.Want.Claims
		}
	}
	return now, nil
}

// resolve puts the values of addresses in the place of their names.
func resolve(f lb.Fields, got lb.State) lb.Fields {
	out := maps.Clone(f)
	for field, text := range map[string]func(netip.Addr) string{"IPAddress": netip.Addr.String, "destinationRanges": hostPrefix} {
		out[field] = slices.Clone(f[field])
		for i, value := range out[field] {
			name, _ := strings.CutPrefix(value, kindAddress+" ")
			ip, err := netip.ParseAddr(got[lb.Ref{Kind: kindAddress, Name: name}].Address)
			if err == nil { // else the cloud refuses it, by its name
				out[field][i] = text(ip)
			}
		}
		if _, asked := f[field]; !asked {
			delete(out, field)
		}
	}
	return out
}

// lbEdit is one action under way.
type lbEdit struct {
	attempt
	action lb.Action
	at     lbRef
	want   lb.Fields // nil where it is to go
	made   bool      // by an insert of ours
}

// settle changes, and reads and changes again, until the end is there.
func (e *lbEdit) settle(ctx context.Context) (lb.Resource, error) {
	now, there, known := lb.Resource{}, false, e.action.Verb == lb.Create
	for try := 0; ; try++ {
		var err error
		if !known {
			if now, there, err = (balancers{e.vpc}).readOne(ctx, e.action.Ref); err != nil {
				return now, e.final(err)
			}
			if done, err := e.judge(now, there); done || err != nil {
				return now, err
			}
		}
		if err = e.send(ctx, now, there); err == nil {
			if e.action.Verb == lb.Delete {
				return lb.Resource{}, nil
			}
			known = false // what it came to is read: the cloud has filled in the rest
			if now, there, err = (balancers{e.vpc}).readOne(ctx, e.action.Ref); err == nil && there && len(e.differs(now)) == 0 {
				return now, nil
			} else if err != nil {
				return now, e.final(err)
			}
			err = e.changed()
		}
		known = false
		if !e.worthAgain(err, try) || try >= e.Retries || !e.Pause(ctx, try) {
			return now, e.final(err)
		}
	}
}

// worthAgain reports whether to read and try again.
func (e *lbEdit) worthAgain(err error, try int) bool {
	switch cloud.ReasonOf(err) {
	case cloud.OutcomeUnknown:
		e.unsure = err
		return true
	case cloud.Stale:
		return true
	case cloud.Conflict, cloud.NotFound, cloud.Invalid: // somebody was faster, or we ourselves
		return try == 0 || e.unsure != nil && try < 3
	}
	return false
}

// judge reports whether what is there is the end already, and refuses what is
// not ours.
func (e *lbEdit) judge(now lb.Resource, there bool) (done bool, err error) {
	a := e.action
	switch {
	case !there && a.Verb == lb.Delete:
		return true, nil
	case !there && a.Verb == lb.Edit:
		return false, e.changed()
	case !there:
		return false, nil
	}
	owner := now.Owner
	wanted := owner
	if a.Want != nil {
		wanted = a.Want.Owner
	} else if a.Got != nil {
		wanted = a.Got.Owner
	}
	if now.Foreign() || owner != wanted {
		return false, e.refuse(cloud.Conflict, "what has that name is not ours", "rename or delete it by hand; nothing of it is changed")
	}
	if a.Verb == lb.Delete {
		return false, nil
	}
	diff := e.differs(now)
	if len(diff) > 0 && a.Verb == lb.Create {
		return false, e.changed()
	}
	return len(diff) == 0, nil
}

func (e *lbEdit) changed() error {
	return e.refuse(cloud.Stale, "it is no longer as it was when this was planned", "")
}

// differs are the wanted fields that are otherwise.
func (e *lbEdit) differs(now lb.Resource) (out []string) {
	for _, name := range slices.Sorted(maps.Keys(e.want)) {
		has, want := slices.Sorted(slices.Values(now.Fields[name])), slices.Sorted(slices.Values(e.want[name]))
		if !slices.Equal(has, want) {
			out = append(out, name)
		}
	}
	return out
}

// send makes the requests that lead from what is there to the end.
func (e *lbEdit) send(ctx context.Context, now lb.Resource, there bool) error {
	switch {
	case e.action.Verb == lb.Delete:
		return e.call(ctx, "delete", func(ctx context.Context) (operation, error) { return e.api.lbDelete(ctx, e.at, e.requestID()) })
	case !there:
		o := lbObject{description: e.action.Want.Owner.Description(), fields: e.want}
		err := e.call(ctx, "insert", func(ctx context.Context) (operation, error) { return e.api.lbInsert(ctx, e.at, o, e.requestID()) })
		e.made = err == nil
		return err
	}
	o := lbObject{version: now.Version, fields: e.want}
	if e.at.kind == kindBackend { // what is as wanted need not be sent
		o.fields = lb.Fields{}
		for _, name := range e.differs(now) {
			o.fields[name] = e.want[name]
		}
		if _, ok := o.fields["failover"]; ok { // a setting of each backend
			o.fields["backends"] = e.want["backends"]
		}
	}
	// Each try has its own fingerprint, so it is a request of its own.
	return e.call(ctx, "patch", func(ctx context.Context) (operation, error) { return e.api.lbPatch(ctx, e.at, o, uuid.NewString()) })
}

// call makes one change and waits for its operation.
func (e *lbEdit) call(ctx context.Context, verb string, f func(context.Context) (operation, error)) error {
	return e.callUntil(ctx, nil, verb, f)
}

// callUntil is call; an operation that goes on is as good as done once enough
// reports it, which is asked every drainPatience. It may be nil.
func (e *lbEdit) callUntil(ctx context.Context, enough func(context.Context) bool, verb string, f func(context.Context) (operation, error)) error {
	method := e.at.method(verb)
	op, err := e.change(ctx, method, e.at.scope(), e.about, f)
	if err == nil && !op.done {
		var goesOn bool
		if op, goesOn, err = e.waitUntil(ctx, enough, op.name); goesOn {
			e.request = ""
			return nil
		}
		if err != nil {
			return err
		}
	}
	if !cloud.Is(err, cloud.OutcomeUnknown) {
		e.request = "" // it was refused, or its operation tells how it ended
	}
	if err != nil {
		return err
	}
	return op.failure(method, e.about)
}

// waitUntil waits for an operation, or until it goes on and that is enough.
func (e *lbEdit) waitUntil(ctx context.Context, enough func(context.Context) bool, name string) (op operation, goesOn bool, err error) {
	if enough == nil {
		op, err = e.ops.wait(ctx, e.at.scope(), name, e.about)
		return op, false, err
	}
	for {
		soon, cancel := context.WithTimeout(ctx, drainPatience)
		op, err = e.ops.wait(soon, e.at.scope(), name, e.about)
		late := soon.Err() != nil && ctx.Err() == nil
		cancel()
		if !late {
			return op, false, err
		}
		if enough(ctx) {
			return op, true, nil
		}
	}
}
