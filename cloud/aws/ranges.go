package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
)

// typeExplicit keeps a reservation's addresses from being chosen by AWS: they
// are given by name only.
const typeExplicit = "explicit"

// ranges makes and removes subnet CIDR reservations.
type ranges struct{ *vpc }

// rangeName is the name of a reservation. Ours carry it twice: the description
// can be changed by nobody, so that a mark in it is believed first; the tag is
// what a person sees. Without either it is the ID.
func (r reservation) rangeName() string {
	switch {
	case !cloud.ParseMark(r.description).IsZero():
		return r.description
	case r.name != "":
		return r.name
	}
	return r.id
}

// Create reserves the prefix in its subnet.
func (v ranges) Create(ctx context.Context, r cloud.Range) error {
	e := &rangeEdit{vpc: v.vpc, want: r, add: true, about: v.subject("create subnet CIDR reservation ", r)}
	if p := r.Prefix; !p.IsValid() || !p.Addr().Is4() || p != p.Masked() || p.Bits() > delegatedBits {
		return e.refuse(cloud.Invalid, "it is no IPv4 range of whole /28s", "give an IPv4 range without host bits, /28 or larger")
	}
	return e.run(ctx)
}

// Delete ends the reservation. EC2 does so whatever its addresses are used
// for, so that is looked at before, and once more after, when that shows all
// that was delegated before: then the reservation is put back, and that is a
// conflict.
func (v ranges) Delete(ctx context.Context, r cloud.Range) error {
	e := &rangeEdit{vpc: v.vpc, want: r, about: v.subject("delete subnet CIDR reservation ", r)}
	if err := e.run(ctx); err != nil || !e.sent {
		return err
	}
	if !cloud.Sleep(ctx, e.ReadLag) {
		return e.refuse(cloud.OutcomeUnknown, "whether it was used meanwhile could not be looked at", "the range is read again")
	}
	used := e.unused(ctx)
	if !cloud.Is(used, cloud.Conflict) {
		return used
	}
	if err := v.Create(ctx, r); err != nil {
		return &cloud.Error{Reason: cloud.OutcomeUnknown, Act: e.about.act, Resource: e.about.resource,
			Err: fmt.Errorf("%w; it was to be put back: %w", used, err), Remedy: "the range is read again; it is created again where nodes use it"}
	}
	return used
}

func (v ranges) subject(act string, r cloud.Range) subject {
	return subject{act + r.Name + " (" + r.Prefix.String() + ")", r.Subnet}
}

// rangeEdit is one change of a subnet's reservations.
type rangeEdit struct {
	*vpc
	want   cloud.Range
	add    bool // or remove
	about  subject
	sent   bool  // a request of ours was made
	unsure error // and may have been taken up
	taken  bool  // one was refused for what no read had shown
}

// run reads the subnet's reservations, decides, and changes them, again
// and again while it is not known what became of the last request, or a read may be
// behind: that there is nothing to remove, or something in the way, is not
// believed then, and a request that was refused for what no read shows is not
// made again.
func (e *rangeEdit) run(ctx context.Context) error {
	began := time.Now()
	for try := 0; ; try++ {
		over, err := e.step(ctx, e.behind(began), try >= e.Retries)
		if !over && !e.Pause(ctx, try) {
			over, err = true, cmp.Or(err, e.refuse(cloud.OutcomeUnknown, "what is there could not be looked at for long enough", "it is read again"))
		}
		if over {
			return e.final(err)
		}
	}
}

// step reads, decides and changes once; over reports that this is the last word.
func (e *rangeEdit) step(ctx context.Context, behind, last bool) (over bool, err error) {
	id, needed, err := e.decide(ctx)
	switch {
	case behind && (e.add && cloud.Is(err, cloud.NotFound) || cloud.Is(err, cloud.Conflict)): // a fresh subnet is unknown; what is gone is shown
		return false, err
	case err != nil:
		return true, err
	case !needed:
		return e.add || e.sent || !behind, nil
	case e.taken && behind:
		return false, nil
	}
	if err = e.send(ctx, id); err == nil {
		return true, nil
	}
	return !e.worthAgain(err, behind) || last && !behind, err
}

// worthAgain reports whether to read and try again. A conflict may be with
// our own earlier request, or with another's of which no read knew yet; a fresh
// subnet may be unknown for a while; a reservation that is not found is gone,
// which the next read shows.
func (e *rangeEdit) worthAgain(err error, behind bool) bool {
	switch cloud.ReasonOf(err) {
	case cloud.OutcomeUnknown:
		e.unsure = err
		return true
	case cloud.Stale:
		return true
	case cloud.Conflict:
		e.taken = true
		return e.unsure != nil || behind
	case cloud.NotFound:
		return !e.add || behind
	}
	return false
}

func (e *rangeEdit) final(err error) error {
	if err != nil && e.unsure != nil {
		return e.unsure
	}
	return err
}

func (e *rangeEdit) refuse(r cloud.Reason, what, remedy string) error {
	return &cloud.Error{Reason: r, Act: e.about.act, Resource: e.about.resource, Err: errors.New(what), Remedy: remedy}
}

// decide reports whether the subnet has to change, and returns the ID of the
// reservation that is to go. It refuses what can be seen to be wrong.
func (e *rangeEdit) decide(ctx context.Context) (id string, needed bool, err error) {
	all, err := e.reserved(ctx, e.want.Subnet, e.about)
	if err != nil {
		return "", false, err
	}
	for _, r := range all {
		p, err := parse(r.cidr)
		if err != nil {
			return "", false, misread(e.about, err)
		}
		switch {
		case r.rangeName() == e.want.Name && (p != e.want.Prefix || r.kind != typeExplicit):
			return "", false, e.refuse(cloud.Conflict, "reservation "+r.id+" of that name has "+r.cidr+" and type "+r.kind,
				"it was not made by this request; give it another name or remove it by hand")
		case r.rangeName() == e.want.Name && e.add:
			return "", false, nil
		case r.rangeName() == e.want.Name:
			return r.id, true, e.unused(ctx)
		case e.add && p.Overlaps(e.want.Prefix):
			return "", false, e.refuse(cloud.Conflict, "reservation "+r.rangeName()+" has "+r.cidr, "choose another prefix")
		}
	}
	return "", e.add, nil
}

// unused refuses to remove a range out of which prefixes are delegated.
// Single addresses in it were there before it, and stay.
func (e *rangeEdit) unused(ctx context.Context) error {
	return e.eachCard(ctx, "subnet-id", e.want.Subnet, func(c card) error {
		held, err := parseAll(c.prefixes)
		if err != nil {
			return misread(e.about, err)
		}
		for _, p := range held {
			if p.Overlaps(e.want.Prefix) {
				return e.refuse(cloud.Conflict, "interface "+c.id+holder(c)+" holds "+p.String(), "detach it first; the range is removed when nobody uses it")
			}
		}
		return nil
	})
}

func holder(c card) string {
	if c.instance != "" {
		return " of instance " + c.instance
	}
	if c.description != "" {
		return " (" + c.description + ")"
	}
	return ""
}

func (e *rangeEdit) send(ctx context.Context, id string) error {
	e.sent = true
	if !e.add {
		return e.change(ctx, actionUnreserve, e.about, func(ctx context.Context) error { return e.api.deleteReservation(ctx, id) })
	}
	r := reservation{subnet: e.want.Subnet, cidr: e.want.Prefix.String(), kind: typeExplicit, description: e.want.Name, name: e.want.Name}
	return e.change(ctx, actionReserve, e.about, func(ctx context.Context) error { return e.api.createReservation(ctx, r) })
}

// reserved are the reservations of a subnet.
func (v *vpc) reserved(ctx context.Context, subnetID string, about subject) (all []reservation, err error) {
	var ranges []cloud.Range
	err = pages(ctx, v, actionReservations, about, of(subnetID, v.api.reservations), func(r reservation) error {
		all = append(all, r)
		if p, err := parse(r.cidr); err == nil { // who reads it says what it makes of others
			ranges = append(ranges, cloud.Range{Subnet: subnetID, Name: r.rangeName(), Prefix: p})
		}
		return nil
	})
	if err == nil {
		v.known.set(subnetID, ranges)
	}
	return all, err
}
