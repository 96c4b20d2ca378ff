package gcp

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/vpcnative/vpcnative/cloud"
)

// firewalls keeps the network's VPC firewall rules. They have no fingerprint:
// what is read may be old when it is corrected, and the last writer wins.
type firewalls struct{ *vpc }

const ingress = "INGRESS"

// Read lists the rules of the project, since no filter on the network's URL
// is sure to match every form of it.
func (v firewalls) Read(ctx context.Context) ([]cloud.FirewallRule, error) {
	var out []cloud.FirewallRule
	about := subject{"list the firewall rules", "projects/" + v.NetworkProject}
	err := pages(ctx, v.vpc, methodFirewalls, "", about, of(v.NetworkProject, v.api.firewalls), func(f firewall) error {
		if f.disabled || f.direction != ingress || !v.inNetwork(f.network) {
			return nil
		}
		r, err := f.rule()
		out = append(out, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(a, b cloud.FirewallRule) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(denyFirst(a), denyFirst(b)), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

func denyFirst(r cloud.FirewallRule) int {
	if r.Deny {
		return 0
	}
	return 1
}

func (f firewall) rule() (cloud.FirewallRule, error) {
	r := cloud.FirewallRule{
		Name: f.name, Description: f.description, Priority: int(f.priority), Deny: len(f.denied) > 0, Targets: f.targets,
		Protocols: slices.Concat(f.allowed, f.denied),
	}
	for i, p := range r.Protocols {
		r.Protocols[i].Name = strings.ToLower(p.Name)
	}
	var err error
	if r.Sources, err = parseRanges(f.sources); err == nil {
		r.Destinations, err = parseRanges(f.destinations)
	}
	if err != nil {
		return r, misread("read firewall rule", f.name, err)
	}
	return r, nil
}

func parseRanges(list []string) (out []netip.Prefix, err error) {
	for _, s := range list {
		p, err := parseRange(s)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// Ensure makes the rule or corrects it.
func (v firewalls) Ensure(ctx context.Context, r cloud.FirewallRule) error {
	return v.settle(ctx, &ruleEdit{attempt: attempt{vpc: v.vpc, about: v.subject("keep firewall rule ", r)}, want: r})
}

// Delete removes the rule.
func (v firewalls) Delete(ctx context.Context, r cloud.FirewallRule) error {
	return v.settle(ctx, &ruleEdit{attempt: attempt{vpc: v.vpc, about: v.subject("delete firewall rule ", r)}, want: r, remove: true})
}

func (v firewalls) subject(act string, r cloud.FirewallRule) subject {
	return subject{act + r.Name, firewallRef{v.NetworkProject, r.Name}.String()}
}

// ruleEdit is one change of a rule of ours.
type ruleEdit struct {
	attempt
	want    cloud.FirewallRule
	remove  bool
	method  string // by which the rule comes about
	refused bool   // an earlier try was
}

// settle reads, compares and changes until the rule is as wanted.
func (v firewalls) settle(ctx context.Context, e *ruleEdit) error {
	return e.attempt.settle(ctx, e.needed, e.send, e.worthAgain)
}

// worthAgain reports whether to read and try again. Where there is a rule, or none,
// against what was read, somebody was faster, or we ourselves.
func (e *ruleEdit) worthAgain(err error) bool {
	first := !e.refused
	e.refused = true
	switch cloud.ReasonOf(err) {
	case cloud.OutcomeUnknown:
		e.unsure = err
		return true
	case cloud.Stale:
		return true
	case cloud.Conflict, cloud.NotFound:
		return e.unsure != nil || first
	}
	return false
}

func (e *ruleEdit) ref() firewallRef { return firewallRef{e.NetworkProject, e.want.Name} }

// needed reads the rule.
func (e *ruleEdit) needed(ctx context.Context) (due bool, err error) {
	e.method, err = e.step(ctx)
	return e.method != "", err
}

// step says which method brings the rule about; none when it is as wanted.
func (e *ruleEdit) step(ctx context.Context) (method string, err error) {
	now, err := read(ctx, e.vpc, methodFirewall, "", e.about, func(ctx context.Context) (firewall, error) { return e.api.firewall(ctx, e.ref()) })
	if cloud.Is(err, cloud.NotFound) {
		if e.remove {
			return "", nil
		}
		return methodInsertRule, nil
	}
	if err != nil {
		return "", err
	}
	if now.description != e.want.Description || !e.inNetwork(now.network) || now.direction != ingress {
		return "", e.refuse(cloud.Conflict, fmt.Sprintf("a rule of that name is there, described as %q", now.description),
			"it is not ours, or its description was changed; rename or delete it by hand")
	}
	if e.remove {
		return methodDeleteRule, nil
	}
	if has, err := now.rule(); err == nil && !now.disabled && len(now.marks) == 0 && has.Equal(e.want) {
		return "", nil
	}
	return methodPatchRule, nil
}

func (e *ruleEdit) send(ctx context.Context) error {
	request, f := uuid.NewString(), e.wire()
	op, err := e.change(ctx, e.method, e.ref().scope(), e.about, func(ctx context.Context) (operation, error) {
		switch e.method {
		case methodInsertRule:
			return e.api.insertFirewall(ctx, e.ref(), f, request)
		case methodPatchRule:
			return e.api.patchFirewall(ctx, e.ref(), f, request)
		}
		return e.api.deleteFirewall(ctx, e.ref(), request)
	})
	if err != nil {
		return err
	}
	return e.finish(ctx, e.method, e.ref().scope(), op)
}

func (e *ruleEdit) wire() firewall {
	f := firewall{
		name: e.want.Name, network: e.networkPath(), description: e.want.Description, direction: ingress, priority: int64(e.want.Priority),
		sources: words(e.want.Sources), destinations: words(e.want.Destinations), targets: e.want.Targets, allowed: e.want.Protocols,
	}
	if e.want.Deny {
		f.allowed, f.denied = nil, e.want.Protocols
	}
	return f
}

func words(list []netip.Prefix) (out []string) {
	for _, p := range list {
		out = append(out, p.String())
	}
	return out
}

// Command is for gcloud.
func (v firewalls) Command(r cloud.FirewallRule) string {
	var protocols []string
	for _, p := range r.Protocols {
		if len(p.Ports) == 0 {
			protocols = append(protocols, p.Name)
		}
		for _, port := range p.Ports {
			protocols = append(protocols, p.Name+":"+port)
		}
	}
	action := "ALLOW"
	if r.Deny {
		action = "DENY"
	}
	parts := []string{"gcloud compute firewall-rules create", r.Name, "--project=" + v.NetworkProject, "--network=" + v.Network,
		"--direction=" + ingress, fmt.Sprintf("--priority=%d", r.Priority), "--action=" + action, "--rules=" + strings.Join(protocols, ",")}
	for _, o := range []struct {
		flag   string
		values []string
	}{{"--source-ranges=", words(r.Sources)}, {"--destination-ranges=", words(r.Destinations)}, {"--target-tags=", r.Targets}} {
		if len(o.values) > 0 {
			parts = append(parts, o.flag+strings.Join(o.values, ","))
		}
	}
	return strings.Join(parts, " ")
}
