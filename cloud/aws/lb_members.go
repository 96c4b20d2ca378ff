package aws

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cloud/members"
)

// Limits are the cloud's. 200 targets go into one call, as the AWS Load
// Balancer Controller has it: ELB refuses larger ones at times
// (kubernetes/kubernetes#101592).
func (v balancers) Limits() members.Limits {
	return members.Limits{Call: 200, Group: func(members.Group) int { return maxTargets }}
}

// List returns the targets of a group, but for those that are draining.
func (v balancers) List(ctx context.Context, g members.Group) ([]string, error) {
	all, err := v.targets(ctx, g.ID)
	out := []string{}
	for _, m := range all {
		if !m.draining {
			out = append(out, m.target)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), err
}

// Attach registers targets.
func (v balancers) Attach(ctx context.Context, g members.Group, list []string) error {
	return v.changeGroup(ctx, g, actionRegister, list, v.elb.register)
}

// Detach deregisters targets.
func (v balancers) Detach(ctx context.Context, g members.Group, list []string) error {
	return v.changeGroup(ctx, g, actionDeregister, list, v.elb.deregister)
}

// changeGroup makes one change: one instance that is stopped, or gone, has ELB
// refuse all of a call.
func (v balancers) changeGroup(ctx context.Context, g members.Group, action string, list []string, f func(context.Context, string, []string) error) error {
	x := &applying{balancers: v, about: subject{"change the members of " + g.Kind, g.Name}}
	err := x.patiently(ctx, action, func(ctx context.Context) error { return f(ctx, g.ID, list) }, func(code string) time.Duration {
		switch {
		case !slices.Contains(unknownYet, code):
			return 0
		case action == actionRegister:
			return x.Patience
		}
		return x.ReadLag
	})
	if cloud.Is(err, cloud.LimitExceeded) {
		return &members.Full{Err: err}
	}
	if codeOf(err) != "InvalidTarget" {
		return err
	}
	said, _ := errors.AsType[*cloud.Error](err)
	if named := quotedInstance.FindAllString(said.Err.Error(), -1); len(named) > 0 {
		return &members.Refused{Named: named,
			Err: x.refuse(cloud.NotFound, said.Err, "start the instance, or take its Node out of the cluster; all others are registered")}
	}
	return &members.Refused{Err: x.refuse(cloud.Invalid, said.Err, "see that the pod's address lies in a subnet of the VPC; all others are registered")}
}

var quotedInstance = regexp.MustCompile(`\bi-[0-9a-f]+\b`)

// Unfit says why a node can be no target.
func (v balancers) Unfit(n lb.Node) string {
	if _, ok := parseProviderID(n.ProviderID); !ok {
		return "its providerID names no instance of EC2"
	}
	return ""
}
