package awssim

import (
	"slices"
	"strings"
)

type shownTags struct {
	ARN  string           `xml:"ResourceArn"`
	Tags []shownAttribute `xml:"Tags>member"`
}

type tagsReply struct {
	Descriptions []shownTags `xml:"TagDescriptions>member"`
}

func describeBalancingTags(s *Sim, c *call) (any, *APIError) {
	arns := c.list("ResourceArns.member")
	if len(arns) == 0 || len(arns) > mostNamed {
		return nil, validation("1 validation error detected: Value at 'resourceArns' failed to satisfy constraint: Member must have length between 1 and %d", mostNamed)
	}
	reply := tagsReply{}
	for _, arn := range arns {
		one := shownTags{ARN: arn}
		if _, refusal := s.balancingTagger(c, arn, func(have tags) tags {
			for _, x := range have {
				one.Tags = append(one.Tags, shownAttribute(x))
			}
			return have
		}); refusal != nil {
			return nil, refusal
		}
		reply.Descriptions = append(reply.Descriptions, one)
	}
	return reply, nil
}

func addBalancingTags(s *Sim, c *call) (any, *APIError) {
	added, refusal := c.newBalancingTags()
	if refusal != nil {
		return nil, refusal
	}
	if len(added) == 0 {
		return nil, lacking("Tags")
	}
	return s.retagBalancing(c, func(have tags) tags {
		for _, x := range added {
			have = have.with(x.Key, x.Value)
		}
		return have
	})
}

func removeBalancingTags(s *Sim, c *call) (any, *APIError) {
	gone := c.list("TagKeys.member")
	if len(gone) == 0 {
		return nil, lacking("TagKeys")
	}
	return s.retagBalancing(c, func(have tags) tags {
		return slices.DeleteFunc(slices.Clone(have), func(x tag) bool { return slices.Contains(gone, x.Key) })
	})
}

func (s *Sim) retagBalancing(c *call, change func(tags) tags) (any, *APIError) {
	var all []func()
	for _, arn := range c.list("ResourceArns.member") {
		do, refusal := s.balancingTagger(c, arn, change)
		if refusal != nil {
			return nil, refusal
		}
		all = append(all, do)
	}
	if len(all) == 0 {
		return nil, lacking("ResourceArns")
	}
	for _, do := range all {
		do()
	}
	return emptyReply{}, nil
}

func (s *Sim) balancingTagger(c *call, arn string, change func(tags) tags) (func(), *APIError) {
	_, path, _ := strings.Cut(arn, ":"+s.config.Account+":")
	kind, _, _ := strings.Cut(path, "/")
	switch kind {
	case "loadbalancer":
		return arnTagger(s, c, s.balancers, arn, "LoadBalancerNotFound", change, func(v balancer, t tags) *balancer { v.Tags = t; return &v })
	case "targetgroup":
		return arnTagger(s, c, s.targetGroups, arn, "TargetGroupNotFound", change, func(v targetGroup, t tags) *targetGroup { v.Tags = t; return &v })
	case "listener":
		return arnTagger(s, c, s.listeners, arn, "ListenerNotFound", change, func(v listener, t tags) *listener { v.Tags = t; return &v })
	}
	return nil, validation("'%s' is not a valid ARN of a load balancer, target group or listener", arn)
}

func arnTagger[V any, T interface {
	*V
	resource
}](s *Sim, c *call, in *table[T], arn, unknown string, change func(tags) tags, with func(V, tags) *V) (func(), *APIError) {
	v, ok := see(s, c, in).get(arn)
	if !ok {
		return nil, refuse(unknown, "'%s' not found", arn)
	}
	next := change(v.tagged())
	return func() { in.put(with(*v, next)) }, checkBalancingTags(next)
}
