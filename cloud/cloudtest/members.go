package cloudtest

import (
	"context"
	"errors"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cloud/members"
)

// Held is what pools hold that are there, and what they are to hold. It enters
// the former into the state.
func Held(ctx context.Context, b lb.Balancers, set lb.NodeSet, got lb.State) (out []members.Wanted, err error) {
	for _, pool := range b.Pools(set, got) {
		r, there := got[pool.Ref]
		if !there {
			continue
		}
		if r.Members, err = b.List(ctx, r.Group()); err != nil && !cloud.Is(err, cloud.NotFound) {
			return nil, err
		}
		got[pool.Ref] = r
	}
	for _, pool := range b.Pools(set, got) { // by what they hold
		if r, there := got[pool.Ref]; there {
			out = append(out, members.Wanted{Group: r.Group(), Has: r.Members, Want: pool.Members})
		}
	}
	return out, nil
}

// MemberChanges are what is to change of what the set's pools hold.
func MemberChanges(ctx context.Context, b lb.Balancers, set lb.NodeSet, got lb.State) ([]members.Change, error) {
	held, err := Held(ctx, b, set, got)
	return members.Plan(b.Limits(), held, nil), err
}

// KeepMembers has the set's pools that are there hold its nodes. Its errors are
// also those of members that the cloud does not take.
func KeepMembers(ctx context.Context, b lb.Balancers, set lb.NodeSet, got lb.State) error {
	changes, err := MemberChanges(ctx, b, set, got)
	for _, change := range changes {
		r := members.Run(ctx, b, change)
		err = errors.Join(err, r.Err)
		for _, left := range r.Left {
			err = errors.Join(err, left.Err)
		}
	}
	return err
}
