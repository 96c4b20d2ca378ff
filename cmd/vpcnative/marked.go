package main

import (
	"context"
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
)

// piece is one thing beside load balancers, and how it is removed.
type piece struct {
	what, owner string
	remove      func(context.Context) error
}

// marked finds what carries the cluster's mark in a snapshot and has no owner that
// lives.
func (p *place) marked(s cloud.Snapshot, clusterID string, lives func(cloud.Mark) bool) []cloud.Marked {
	return slices.DeleteFunc(s.Marked(), func(m cloud.Marked) bool {
		elsewhere := m.Proxy && m.Region != p.vpc.Place.Region
		return elsewhere || !m.Mark.OfCluster(clusterID) || lives(m.Mark)
	})
}

// piecesOf are what is marked, and firewall rules likewise, users first.
func (p *place) piecesOf(ctx context.Context, all []cloud.Marked, clusterID string, lives func(cloud.Mark) bool) (out []piece, err error) {
	for _, m := range all {
		what := "range " + m.Subnet + "/" + m.Name + " " + m.Prefix.String()
		switch {
		case m.Proxy:
			what = "proxy-only subnet " + m.Name
		case m.Zone != "":
			what = "subnet " + m.Name + " " + m.Prefix.String()
		}
		out = append(out, piece{what, "RangeRequest " + m.Mark.Name, within(m, p.vpc.Remove)})
	}
	if p.vpc.Firewalls == nil {
		return out, nil
	}
	rules, err := p.vpc.Firewalls.Read(ctx)
	for _, x := range rules {
		if ofNetwork(x, clusterID) && x.Mark().OfCluster(clusterID) && !lives(x.Mark()) {
			out = append(out, piece{"firewall rule " + x.Name, "Network " + x.Mark().Name, within(x, p.vpc.Firewalls.Delete)})
		}
	}
	return out, err
}

// ofNetwork is true for a rule that was made for one of the cluster's Networks: a
// load balancer's is read with that. A name alone proves nothing.
func ofNetwork(x cloud.FirewallRule, clusterID string) bool {
	o, ok := cloud.ParseDescription(x.Description)
	return ok && o.ClusterID == clusterID && o.Kind == "Network" && x.Mark().Of(o)
}

// within bounds how long the cloud may take for one step.
func within[T any](x T, remove func(context.Context, T) error) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		return remove(ctx, x)
	}
}

const patience = 2 * time.Minute
