package aws

import (
	"context"
	"maps"
	"strconv"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// pool makes, changes or deletes a target group.
func (x *applying) pool(ctx context.Context) error {
	switch x.a.Verb {
	case lb.Delete:
		return x.remove(ctx, actionDeletePool, func(ctx context.Context) error { return x.elb.deletePool(ctx, x.a.Got.ID) }, "ResourceInUse")
	case lb.Create:
		return x.newPool(ctx)
	}
	if x.a.Changes(fieldCheck) {
		c, err := parseCheck(x.want(fieldCheck))
		if err != nil {
			return x.refuse(cloud.Invalid, err, "report this")
		}
		if err := x.do(ctx, actionSetPool, func(ctx context.Context) error { return x.elb.setCheck(ctx, x.a.Got.ID, c) }); err != nil {
			return err
		}
	}
	if x.a.Changes(fieldSet) || x.a.Changes(fieldListens) {
		if err := x.do(ctx, actionAddTags, func(ctx context.Context) error {
			return x.elb.addTags(ctx, x.a.Got.ID, map[string]string{tagSet: x.want(fieldSet), tagPort: x.want(fieldListens)})
		}); err != nil {
			return err
		}
	}
	if err := x.retag(ctx, actionAddTags, x.elb.addTags); err != nil {
		return err
	}
	if x.a.Changes(fieldAttributes) {
		return x.attributes(ctx, actionSetPoolAttributes, x.elb.setPoolAttributes, poolAttributes, nil)
	}
	return nil
}

func (x *applying) newPool(ctx context.Context) error {
	c, err := parseCheck(x.want(fieldCheck))
	if err != nil {
		return x.refuse(cloud.Invalid, err, "report this")
	}
	port, err := number(x.want(fieldPort))
	if err != nil {
		return x.refuse(cloud.Invalid, err, "report this")
	}
	always := maps.Clone(poolAttributes)
	always[connectionTermination] = strconv.FormatBool(x.want(fieldProtocol) != "TCP")
	always["preserve_client_ip.enabled"] = strconv.FormatBool(x.want(fieldTargets) == byInstance || x.want(fieldProtocol) != "TCP")
	born := x.born(always)
	tags := x.newTags(born)
	if x.want(fieldTargets) == byInstance {
		tags[tagSet], tags[tagPort] = x.want(fieldSet), x.want(fieldListens)
	}
	var made pool
	err = x.do(ctx, actionCreatePool, func(ctx context.Context) (err error) {
		made, err = x.elb.createPool(ctx, x.VPC, pool{name: x.a.Name, protocol: x.want(fieldProtocol), port: port, targets: x.want(fieldTargets), addresses: x.want(fieldAddresses), check: c}, tags)
		return err
	})
	if err != nil {
		return err
	}
	x.now.ID, x.now.Health, x.now.Members = made.arn, lb.Unknown, []string{}
	return x.attributes(ctx, actionSetPoolAttributes, x.elb.setPoolAttributes, poolAttributes, born)
}

// Ingresses is the host name of the balancer, once it is active.
func (v balancers) Ingresses(b lb.LoadBalancer, got lb.State) []lb.Ingress {
	w := &wanting{balancers: v, b: b, got: got}
	if w.families() != nil || w.places() != nil {
		return nil
	}
	if x, ok := got[w.balancer().Ref]; ok && x.Owner == b.Owner && x.Pending == "" && x.Address != "" {
		return []lb.Ingress{{Hostname: x.Address, Rewritten: true}}
	}
	return nil
}
