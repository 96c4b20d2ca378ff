package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
)

// routed are the instances' primary interfaces as routes lead to them. Their
// own ID is the InstanceUID: it is what a route says of whose it is, also when
// the instance is gone, and a primary interface never changes hands.
type routed struct{ interfaces }

var _ cloud.Interfaces = routed{}

// List reads the interfaces of the VPC and its route tables. Interfaces that
// routes lead to and that are gone come last.
func (v routed) List(ctx context.Context) iter.Seq2[cloud.Interface, error] {
	return func(yield func(cloud.Interface, error) bool) {
		machines, there, err := v.machines(ctx)
		var t tables
		if err == nil {
			t, err = v.readTables(ctx, subject{"list the route tables", v.VPC})
		}
		if err != nil {
			yield(cloud.Interface{}, err)
			return
		}
		whole, partly := t.led()
		for _, id := range slices.Sorted(maps.Keys(machines)) {
			i, err := v.read(machineRef{machines[id][0].zone, id}, machines[id])
			if !yield(led(i, whole, partly), err) || err != nil {
				return
			}
		}
		targets := slices.AppendSeq(slices.Collect(maps.Keys(whole)), maps.Keys(partly))
		slices.Sort(targets)
		for _, id := range slices.Compact(targets) {
			if !there[id] && !yield(led(cloud.Interface{Version: id}, whole, partly), nil) {
				return
			}
		}
	}
}

// led is the interface with what leads to it.
func led(i cloud.Interface, whole, partly map[string][]netip.Prefix) cloud.Interface {
	i.Elsewhere = slices.Clone(partly[i.Version])
	i.Attachments, i.InstanceUID = nil, cmp.Or(i.Version, i.InstanceUID)
	for _, p := range whole[i.Version] {
		i.Attachments = append(i.Attachments, cloud.Attachment{Prefix: p})
	}
	return i
}

// Get reads one instance and the route tables.
func (v routed) Get(ctx context.Context, providerID string) (cloud.Interface, error) {
	i, err := v.interfaces.Get(ctx, providerID)
	if err != nil {
		return i, err
	}
	t, err := v.readTables(ctx, subject{"read the routes to the interface", providerID})
	if err != nil {
		return cloud.Interface{}, err
	}
	whole, partly := t.led()
	return led(i, whole, partly), nil
}

// Limit is none: the route tables are the limit, cloud.RouteRoom.
func (v routed) Limit(context.Context, cloud.Interface) (cloud.Limit, error) {
	return cloud.Limit{}, nil
}

// Attach turns the source/destination check off, leads the main table to the
// interface, and then the others.
func (v routed) Attach(ctx context.Context, i cloud.Interface, a cloud.Attachment) (cloud.Operation, error) {
	return cloud.Operation{}, v.attach(ctx, i, a.Prefix)
}

func (v routed) attach(ctx context.Context, i cloud.Interface, p netip.Prefix) error {
	about := subject{act: "route " + p.String()}
	ref, err := v.resolve(about.act, i.Instance)
	if err != nil {
		return err
	}
	about.resource = ref.String()
	e := &edit{vpc: v.vpc, ref: ref, want: p, about: about}
	if err := e.checkRoute(i); err != nil {
		return err
	}
	if i.Version == "" {
		if i, err = v.interfaces.Get(ctx, i.Instance); err != nil {
			return err
		}
	}
	t, err := v.readTables(ctx, about)
	if err != nil {
		return err
	}
	if len(t.all) == 0 || !t.all[0].main {
		return e.refuse(cloud.Unavailable, errors.New("VPC "+v.VPC+" shows no main route table"), "without it two clusters may route one range to two machines")
	}
	if err := t.crossed(p, about); err != nil {
		return err
	}
	if err := v.uncheck(ctx, i.Version, about); err != nil {
		return err
	}
	return v.addRoutes(ctx, e, t, i)
}

func (e *edit) checkRoute(i cloud.Interface) error {
	switch {
	case !e.want.IsValid() || e.want != e.want.Masked():
		return e.refuse(cloud.Invalid, errors.New("it is no range in its canonical form"), "give a range without host bits")
	case i.Subnet == "":
		return e.refuse(cloud.Invalid, errors.New("the primary interface is in subnet "+i.SubnetName),
			"it has to be in one of the Network's node subnets; move the machine or name its subnet there")
	}
	return nil
}

// addRoutes leads each table to the interface, the main one first. Whoever is
// told of a conflict leaves the prefix alone: the routes made before are taken
// back.
func (v routed) addRoutes(ctx context.Context, e *edit, t tables, i cloud.Interface) error {
	p, about := e.want, e.about
	for n, table := range t.needed() {
		r := &routeEdit{vpc: v.vpc, table: table.id, to: p, via: i.Version, about: about}
		err := r.add(ctx)
		made := err == nil
		if made && n == 0 {
			err = v.alone(ctx, p, about)
		}
		if err == nil {
			continue
		}
		if (made || n > 0) && cloud.Is(err, cloud.Conflict) {
			if undone := v.detach(ctx, i, p); undone != nil {
				return e.refuse(cloud.OutcomeUnknown, fmt.Errorf("%w; taking back the routes made before: %w", err, undone), "it is read back before anything else is done")
			}
		}
		return err
	}
	return nil
}

// alone looks once more when the main table has the route: EC2 refuses only
// one to exactly the same addresses. Of two clusters that make routes to
// addresses of each other's, whoever comes second sees the first, once reads
// are no longer behind.
func (v routed) alone(ctx context.Context, p netip.Prefix, about subject) error {
	if !cloud.Sleep(ctx, v.ReadLag) {
		return &cloud.Error{Reason: cloud.OutcomeUnknown, Act: about.act, Resource: about.resource, Err: ctx.Err(), Remedy: "it is read back before anything else is done"}
	}
	t, err := v.readTables(ctx, about)
	if err != nil {
		return err
	}
	return t.crossed(p, about)
}

// uncheck turns the source/destination check off, whether it is on or not. A
// fresh interface may be unknown for a while.
func (v *vpc) uncheck(ctx context.Context, interfaceID string, about subject) error {
	for try := 0; ; try++ {
		err := v.change(ctx, actionCheck, about, func(ctx context.Context) error { return v.api.uncheck(ctx, interfaceID) })
		again := cloud.Is(err, cloud.OutcomeUnknown) || cloud.Is(err, cloud.NotFound) && try < fewTries
		if !again || try >= v.Retries || !v.Pause(ctx, try) {
			return err
		}
	}
}

// Detach removes the routes to the interface, from the main table last. An
// interface without an instance has to be gone.
func (v routed) Detach(ctx context.Context, i cloud.Interface, a cloud.Attachment) (cloud.Operation, error) {
	return cloud.Operation{}, v.detach(ctx, i, a.Prefix)
}

func (v routed) detach(ctx context.Context, i cloud.Interface, p netip.Prefix) (err error) {
	about := subject{"remove the routes to " + p.String(), i.Version}
	if i.Instance == "" {
		i.Version = cmp.Or(i.Version, i.InstanceUID)
		about.resource = i.Version
		if err := v.gone(ctx, i.Version, about); err != nil {
			return err
		}
	} else if _, err := v.resolve(about.act, i.Instance); err != nil {
		return err
	}
	if i.Version == "" {
		if i, err = v.interfaces.Get(ctx, i.Instance); err != nil {
			return err
		}
	}
	return v.clear(ctx, i.Version, p, about)
}

// clear removes the routes to an interface. EC2 removes a route wherever it
// leads, so where it leads is read right before. That no table leads there is
// believed when two reads say so, and none of them may be behind what another
// call made; of the tables that showed a route, EC2's answer is enough.
func (v routed) clear(ctx context.Context, interfaceID string, p netip.Prefix, about subject) error {
	began, cleared := time.Now(), map[string]bool{}
	for try, nothing := 0, 0; ; try++ {
		if try > 0 && !v.Pause(ctx, try) || try > v.Retries && !v.behind(began) {
			return &cloud.Error{Reason: cloud.OutcomeUnknown, Act: about.act, Resource: about.resource, Err: errors.New("the routes keep coming back"), Remedy: "find what makes them"}
		}
		behind := v.behind(began)
		t, err := v.readTables(ctx, about)
		if err != nil {
			return err
		}
		nothing++
		for _, table := range slices.Backward(t.all) {
			if r, ok := table.route(p); !ok || r.target != interfaceID {
				continue
			}
			nothing = 0
			r := &routeEdit{vpc: v.vpc, table: table.id, to: p, via: interfaceID, about: about}
			switch err := r.remove(ctx); {
			case err == nil:
				cleared[table.id] = true
			case !cloud.Is(err, cloud.OutcomeUnknown):
				return err
			}
		}
		all := !slices.ContainsFunc(t.needed(), func(table routeTable) bool { return !cleared[table.id] })
		if nothing >= 2 && (all || !behind) {
			return nil
		}
	}
}

// gone refuses for an interface that exists.
func (v *vpc) gone(ctx context.Context, interfaceID string, about subject) error {
	exists := false
	err := v.eachCard(ctx, "network-interface-id", interfaceID, func(card) error {
		exists = true
		return nil
	})
	if err == nil && exists {
		err = &cloud.Error{Reason: cloud.Conflict, Act: about.act, Resource: about.resource, Err: errors.New("the interface exists"),
			Remedy: "detach by its instance; a route that leads nowhere for a while, as to a stopped instance, stays"}
	}
	return err
}
