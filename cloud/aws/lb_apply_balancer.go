package aws

import (
	"context"
	"errors"
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// balancer makes, changes or deletes a load balancer. It may be provisioning
// for minutes, which nobody waits for.
func (x *applying) balancer(ctx context.Context) error {
	if x.a.Verb == lb.Delete {
		return x.deleteBalancer(ctx)
	}
	b := balancer{name: x.a.Name, scheme: x.want(fieldScheme), addressType: x.want(fieldAddresses)}
	for _, text := range x.a.Want.Fields[fieldSubnets] {
		b.zones = append(b.zones, parseZone(text))
	}
	for _, name := range x.a.Want.Fields[fieldGroups] {
		id := name
		if slices.Contains(x.a.Want.Uses, lb.Ref{Kind: kindGroup, Name: name}) {
			var err error
			if id, err = x.id(kindGroup, name); err != nil {
				return err
			}
		}
		b.groups = append(b.groups, id)
	}
	if x.a.Verb == lb.Create {
		born := x.born(balancerAttributes)
		if err := x.newBalancer(ctx, b, born); err != nil {
			return err
		}
		return x.attributes(ctx, actionSetBalancer, x.elb.setBalancerAttributes, balancerAttributes, born)
	}
	if err := x.editBalancer(ctx, b); err != nil {
		return err
	}
	return x.attributes(ctx, actionSetBalancer, x.elb.setBalancerAttributes, balancerAttributes, nil)
}

// deleteBalancer takes its listeners along. Protection that is not wanted any
// more is lifted before.
func (x *applying) deleteBalancer(ctx context.Context) error {
	if x.a.Got.Protection != "" {
		err := x.remove(ctx, actionSetBalancer, func(ctx context.Context) error {
			return x.elb.setBalancerAttributes(ctx, x.a.Got.ID, map[string]string{deletionProtection: "false"})
		})
		if err != nil {
			return err
		}
	}
	return x.remove(ctx, actionDeleteBalancer, func(ctx context.Context) error { return x.elb.deleteBalancer(ctx, x.a.Got.ID) })
}

func (x *applying) newBalancer(ctx context.Context, b balancer, born map[string]string) error {
	var made balancer
	busy := []string{elasticIPInUse}
	if slices.ContainsFunc(b.zones, func(z zoneOf) bool { return z.private != "" }) {
		busy = append(busy, addressInUse) // it was found to be free, or the old balancer's
	}
	err := x.do(ctx, actionCreateBalancer, func(ctx context.Context) (err error) {
		made, err = x.elb.createBalancer(ctx, b, x.newTags(born))
		return err
	}, busy...)
	if err != nil {
		return err
	}
	x.now.ID, x.now.Address, x.now.Pending = made.arn, made.host, pending(made)
	return nil
}

func (x *applying) editBalancer(ctx context.Context, b balancer) error {
	arn := x.a.Got.ID
	// Subnets without IPv6 fit no dual stack, and the other way round, so that
	// both are set at once where both change.
	for _, step := range []struct {
		due    bool
		action string
		do     func(context.Context) error
	}{
		{x.a.Changes(fieldSubnets), actionSetSubnets, func(ctx context.Context) error { return x.elb.setSubnets(ctx, arn, b) }},
		{x.a.Changes(fieldAddresses) && !x.a.Changes(fieldSubnets), actionSetAddresses, func(ctx context.Context) error { return x.elb.setAddressType(ctx, arn, b.addressType) }},
		{x.a.Changes(fieldGroups), actionSetGroups, func(ctx context.Context) error { return x.elb.setGroups(ctx, arn, b.groups) }},
	} {
		if step.due {
			if err := x.do(ctx, step.action, step.do); err != nil {
				return err
			}
		}
	}
	return x.retag(ctx, actionAddTags, x.elb.addTags)
}

// born are the wanted attributes that something new has by itself. They are
// recorded as it is made, so that most are made in one call and not in three.
func (x *applying) born(defaults map[string]string) map[string]string {
	out := map[string]string{}
	for key, value := range mapOfPairs(x.a.Want.Fields[fieldAttributes]) {
		if was, known := defaults[key]; known && was == value {
			out[key] = value
		}
	}
	return out
}

// attributes sets those that differ, then has the tags record them. What is
// recorded and not wanted any more is set to ELB's own default.
func (x *applying) attributes(ctx context.Context, action string, set func(context.Context, string, map[string]string) error, always, born map[string]string) error {
	want, have := mapOfPairs(x.a.Want.Fields[fieldAttributes]), born
	if x.a.Got != nil {
		have = mapOfPairs(x.a.Got.Fields[fieldAttributes])
	}
	changed, record, forget := map[string]string{}, map[string]string{}, []string(nil)
	for key, value := range want {
		if was, ok := have[key]; !ok || was != value {
			changed[key], record[tagAttribute+key] = value, value
		}
	}
	for key := range have {
		if _, wanted := want[key]; !wanted {
			changed[key] = unset(key, x.want(fieldScheme), always)
			forget = append(forget, tagAttribute+key)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	if err := x.do(ctx, action, func(ctx context.Context) error { return set(ctx, x.now.ID, changed) }); err != nil {
		return err
	}
	if len(forget) > 0 {
		if err := x.do(ctx, actionRemoveTags, func(ctx context.Context) error { return x.elb.removeTags(ctx, x.now.ID, forget) }); err != nil {
			return err
		}
	}
	if len(record) == 0 {
		return nil
	}
	return x.do(ctx, actionAddTags, func(ctx context.Context) error { return x.elb.addTags(ctx, x.now.ID, record) })
}

// listener makes, switches or deletes a listener.
func (x *applying) listener(ctx context.Context) error {
	ref := x.a.Want
	if ref == nil {
		ref = x.a.Got
	}
	at := slices.IndexFunc(ref.Uses, func(r lb.Ref) bool { return r.Kind == kindBalancer })
	if at < 0 {
		return x.refuse(cloud.Invalid, errors.New("it has no load balancer"), "report this")
	}
	arn, err := x.id(kindBalancer, ref.Uses[at].Name)
	if err != nil {
		if x.a.Verb == lb.Delete {
			return nil // it went with its balancer
		}
		return err
	}
	l := listener{balancer: arn, arn: x.now.ID, protocol: ref.Fields.One(fieldProtocol)}
	if l.port, err = number(ref.Name[len(ref.Uses[at].Name)+1:]); err != nil {
		return x.refuse(cloud.Invalid, err, "report this")
	}
	if x.a.Verb != lb.Create && l.arn == "" {
		if l.arn, err = x.findListener(ctx, arn, l.port); err != nil {
			return err
		}
	}
	if x.a.Verb == lb.Delete {
		if l.arn == "" {
			return nil
		}
		return x.remove(ctx, actionDeleteListener, func(ctx context.Context) error { return x.elb.deleteListener(ctx, l.arn) })
	}
	if l.pool, err = x.id(kindPool, x.want(fieldPool)); err != nil {
		return err
	}
	return x.setListener(ctx, l)
}

func (x *applying) setListener(ctx context.Context, l listener) error {
	if x.a.Verb == lb.Edit {
		if l.arn == "" {
			return x.refuse(cloud.Stale, errors.New("the listener is gone"), "it is read again and made")
		}
		x.now.ID = l.arn
		return x.do(ctx, actionSetListener, func(ctx context.Context) error { return x.elb.setListener(ctx, l) })
	}
	return x.do(ctx, actionCreateListener, func(ctx context.Context) error {
		made, err := x.elb.createListener(ctx, l)
		x.now.ID = made.arn
		return err
	})
}

// findListener looks up a listener that was only deduced.
func (x *applying) findListener(ctx context.Context, balancerARN string, port int32) (arn string, err error) {
	err = x.eachListener(ctx, balancerARN, func(l listener) error {
		if l.port == port {
			arn = l.arn
		}
		return nil
	})
	if cloud.Is(err, cloud.NotFound) { // with its balancer
		return "", nil
	}
	return arn, err
}
