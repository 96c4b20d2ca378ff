package aws

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
)

// newSpace adds secondary CIDR blocks to the VPC, and subnets.
type newSpace struct{ *vpc }

var _ cloud.NewSpace = newSpace{}

// AddBlock associates a CIDR block with the VPC.
func (v newSpace) AddBlock(ctx context.Context, p netip.Prefix) error {
	about := subject{"add block " + p.String(), v.VPC}
	return v.until(ctx, &bringing{about: about,
		look: func() (standing, error) {
			b, ok, err := v.block(ctx, p, about)
			switch {
			case err != nil || !ok || b.state == "disassociated":
				return due, err
			case b.state == "associated":
				return done, nil
			case b.state == "associating" || b.state == "disassociating":
				return underWay, nil
			}
			return due, &cloud.Error{Reason: cloud.Invalid, Act: about.act, Resource: about.resource,
				Err: errors.New("the block is " + b.state + ": " + b.message), Remedy: "choose another block"}
		},
		send: func() error {
			return v.change(ctx, actionAddBlock, about, func(ctx context.Context) error { return v.api.addBlock(ctx, v.VPC, p) })
		},
	})
}

// RemoveBlock ends the association of a block.
func (v newSpace) RemoveBlock(ctx context.Context, p netip.Prefix) error {
	about, id := subject{"remove block " + p.String(), v.VPC}, ""
	return v.until(ctx, &bringing{about: about, removes: true,
		look: func() (standing, error) {
			b, ok, err := v.block(ctx, p, about)
			switch {
			case err != nil:
				return due, err
			case !ok || b.state == "disassociated":
				return done, nil
			case b.state == "disassociating":
				return underWay, nil
			}
			id = b.id
			return due, nil
		},
		send: func() error {
			return v.change(ctx, actionDropBlock, about, func(ctx context.Context) error { return v.api.dropBlock(ctx, id) })
		},
		users: func() []string { return v.subnetsIn(ctx, p, about) },
	})
}

// block is the VPC's association of exactly that block; one that lives before
// one that is over.
func (v newSpace) block(ctx context.Context, p netip.Prefix, about subject) (found block, ok bool, err error) {
	n, err := read(ctx, v.vpc, actionVPCs, about, func(ctx context.Context) (network, error) { return v.api.vpc(ctx, v.VPC) })
	if err != nil {
		return block{}, false, err
	}
	for _, b := range n.blocks {
		if q, err := parse(b.cidr); err == nil && q == p && (!ok || found.state == "disassociated") {
			found, ok = b, true
		}
	}
	return found, ok, nil
}

// AddSubnet makes a subnet. CreateSubnet knows no token, so after a lost reply
// it is found by the name that it was made with.
func (v newSpace) AddSubnet(ctx context.Context, s cloud.NewSubnet) (id string, err error) {
	about := subject{"create subnet " + s.Name + " (" + s.Prefix.String() + ")", v.VPC}
	err = v.until(ctx, &bringing{about: about,
		look: func() (standing, error) {
			n, ok, err := v.named(ctx, s, about)
			switch {
			case err != nil || !ok:
				return due, err
			case n.cidr != s.Prefix.String() || n.zone != s.Zone:
				return due, &cloud.Error{Reason: cloud.Conflict, Act: about.act, Resource: n.id,
					Err: errors.New("it has " + n.cidr + " in " + n.zone), Remedy: "it was not made by this request; give it another name or remove it by hand"}
			case n.state != "available" && n.state != "":
				return underWay, nil
			}
			id = n.id
			return done, nil
		},
		send: func() error {
			want := subnet{name: s.Name, zone: s.Zone, cidr: s.Prefix.String()}
			return v.change(ctx, actionAddSubnet, about, func(ctx context.Context) error {
				_, err := v.api.addSubnet(ctx, v.VPC, want)
				return err
			})
		},
	})
	if err == nil && v.ours(subnet{id: id, name: s.Name}) {
		v.made.add(id)
	}
	return id, err
}

// RemoveSubnet deletes a subnet of ours.
func (v newSpace) RemoveSubnet(ctx context.Context, s cloud.NewSubnet) error {
	about, id := subject{"delete subnet " + s.Name + " (" + s.Prefix.String() + ")", v.VPC}, ""
	return v.until(ctx, &bringing{about: about, removes: true,
		look: func() (standing, error) {
			n, ok, err := v.named(ctx, s, about)
			switch {
			case err != nil:
				return due, err
			case !ok:
				return done, nil
			case n.cidr != s.Prefix.String():
				return due, &cloud.Error{Reason: cloud.Conflict, Act: about.act, Resource: n.id, Err: errors.New("it has " + n.cidr), Remedy: "remove it by hand if it is nobody's"}
			}
			id = n.id
			return due, nil
		},
		send: func() error {
			return v.change(ctx, actionDropSubnet, about, func(ctx context.Context) error { return v.api.dropSubnet(ctx, id) })
		},
		users: func() []string { return v.cardsIn(ctx, id) },
	})
}

// usedBy adds to a refusal who stands in the way, as far as that can be read.
func usedBy(err error, who []string) error {
	refused, ok := errors.AsType[*cloud.Error](err)
	if !ok || len(who) == 0 {
		return err
	}
	const shown = 5
	text := strings.Join(who[:min(shown, len(who))], ", ")
	if more := len(who) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	out := *refused
	out.Err = fmt.Errorf("%w It is used by %s", refused.Err, text)
	return &out
}

// cardsIn are the interfaces in a subnet.
func (v newSpace) cardsIn(ctx context.Context, id string) (out []string) {
	_ = v.eachCard(ctx, "subnet-id", id, func(c card) error {
		switch {
		case c.instance != "":
			out = append(out, c.id+" of instance "+c.instance)
		case c.description != "":
			out = append(out, c.id+" ("+c.description+")")
		default:
			out = append(out, c.id)
		}
		return nil
	})
	slices.Sort(out)
	return out
}

// subnetsIn are the subnets in a block.
func (v newSpace) subnetsIn(ctx context.Context, p netip.Prefix, about subject) (out []string) {
	_ = pages(ctx, v.vpc, actionSubnets, about, of(v.VPC, v.api.subnets), func(n subnet) error {
		if q, err := parse(n.cidr); err == nil && p.Overlaps(q) {
			out = append(out, "subnet "+n.id+" ("+n.cidr+")")
		}
		return nil
	})
	slices.Sort(out)
	return out
}

// named is the subnet of that name, the one of the right prefix where there
// are several.
func (v newSpace) named(ctx context.Context, s cloud.NewSubnet, about subject) (found subnet, ok bool, err error) {
	var all []subnet
	err = pages(ctx, v.vpc, actionSubnets, about, of(v.VPC, v.api.subnets), func(n subnet) error {
		if n.name == s.Name {
			all = append(all, n)
		}
		return nil
	})
	if err != nil || len(all) == 0 {
		return subnet{}, false, err
	}
	if at := slices.IndexFunc(all, func(n subnet) bool { return n.cidr == s.Prefix.String() }); at > 0 {
		return all[at], true, nil
	}
	return all[0], true, nil
}
