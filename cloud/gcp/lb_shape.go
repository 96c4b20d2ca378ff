package gcp

import (
	"fmt"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// poolShape is which of a set's pools. Wide endpoint groups are for external
// balancers whose nodes serve only pods of their own, in a set of more nodes
// than the others have.
type poolShape struct {
	kind string
	wide bool
}

var poolShapes = []poolShape{{kind: kindGroup}, {kind: kindNEG}, {kind: kindNEG, wide: true}}

func (s poolShape) role() string {
	switch {
	case s.kind == kindGroup:
		return "ig"
	case s.wide:
		return "wneg"
	}
	return "neg"
}

func (s poolShape) limit() int {
	switch {
	case s.kind == kindGroup:
		return maxGroup
	case s.wide:
		return wideNodes
	}
	return maxNodes
}

// has reports whether a resource is such a pool of the set.
func (s poolShape) has(r lb.Resource, nodes lb.NodeSet) bool {
	return r.Kind == s.kind && r.Owner == nodes.Owner() && strings.HasPrefix(cloud.ParseMark(r.Name).Role, s.role())
}

// poolShape is what the balancer sends to. One VM can be in one load-balanced
// instance group only, so a cluster that has other balancers on groups of
// their own has to choose endpoint groups.
//
// Where nodes serve only pods of their own, a node that is left out leaves out
// its pods: so all are members, or it is refused. Wide pools stay in use, so
// that a node more or less changes no balancer again and again.
func (t *translation) poolShape() (poolShape, error) {
	shape := poolShape{kind: kindNEG}
	if strings.EqualFold(t.to.Attributes[lb.AttributeBackends], lb.InstanceGroups) {
		shape.kind = kindGroup
		if err := t.onlyGroups(); err != nil {
			return shape, err
		}
	}
	if !t.to.LocalOnly {
		return shape, nil
	}
	n, most := len(t.fitting(t.to.Nodes, t.got, shape.kind)), maxNodes
	if t.Scheme == lb.External {
		wide := poolShape{kind: kindNEG, wide: true}
		if shape.kind == kindNEG && (n > maxNodes || wide.inUse(t.to.Nodes, t.got)) {
			shape = wide
		}
		most = shape.limit()
	}
	if n > most {
		return shape, t.refuse(cloud.LimitExceeded, fmt.Errorf("%d nodes, of which only those with pods of the Service serve, are more than the %d that such a load balancer sends to", n, most),
			"choose fewer nodes by labels, or use externalTrafficPolicy Cluster, for which some of the nodes are enough")
	}
	return shape, nil
}

// onlyGroups refuses instance groups for nodes that groups of another set have:
// a VM may be in one load-balanced instance group. A group that no balancer uses
// any more is none, and goes in time.
func (t *translation) onlyGroups() error {
	mine := map[string]bool{}
	for _, n := range t.fitting(t.to.Nodes, t.got, kindGroup) {
		mine[n.Zone+"/"+member(n, kindGroup)] = true
	}
	used := map[lb.Ref]bool{}
	for _, r := range t.got {
		for _, ref := range r.Uses {
			used[ref] = true
		}
	}
	for _, r := range t.got.Sorted() {
		if r.Kind != kindGroup || !r.Shared || r.Owner == t.to.Nodes.Owner() || !used[r.Ref] {
			continue
		}
		for _, name := range r.Members {
			if mine[r.Scope+"/"+name] {
				return t.refuse(cloud.Conflict, fmt.Errorf("VM %s is in instance group %s of another choice of nodes, and may be in one load-balanced instance group only", name, r.Path()),
					"use endpoint groups (backends EndpointGroups), or choose the same nodes in all Services with instance groups")
			}
		}
	}
	return nil
}
