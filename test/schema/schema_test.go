// Package schema holds the kinds' schemas, with their CEL rules, against a real
// API server.
package schema

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/test/apiserver"
)

func TestMain(m *testing.M) {
	root, err := apiserver.RepositoryRoot()
	if err != nil {
		panic(err)
	}
	apiserver.Main(m, apiserver.Options{CRDDirs: []string{filepath.Join(root, "deploy", "crds")}})
}

type fields = map[string]any

type api struct {
	*testing.T
	client.Client
}

func connect(t *testing.T) api {
	t.Helper()
	c, err := client.New(apiserver.Shared(t).Config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return api{t, c}
}

// make creates an object, with the ranges in its status, and deletes it in the
// end.
func (a api) make(kind, name string, spec fields, ranges ...any) *unstructured.Unstructured {
	a.Helper()
	u := &unstructured.Unstructured{Object: fields{}}
	u.SetGroupVersionKind(schema.GroupVersionKind{Group: "vpcnative.dev", Version: "v1alpha1", Kind: kind})
	u.SetName(name)
	u.Object["spec"] = copied(spec)
	if err := a.Create(a.Context(), u); err != nil {
		a.Fatalf("%s: %v", name, err)
	}
	a.Cleanup(func() { _ = a.Delete(context.Background(), u) })
	if len(ranges) > 0 {
		u.Object["status"] = fields{"nodes": int64(0), "utilization": int64(0), "waitingNodes": int64(0), "ranges": ranges}
		if err := a.Status().Update(a.Context(), u); err != nil {
			a.Fatalf("%s: %v", name, err)
		}
	}
	return u
}

// edit tries another spec, and puts the old one back where that is possible.
func (a api) edit(u *unstructured.Unstructured, spec fields) error {
	next := u.DeepCopy()
	next.Object["spec"] = copied(spec)
	return a.Update(a.Context(), next, client.DryRunAll)
}

func copied(v fields) (out fields) {
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		panic(err)
	}
	return out
}

func with(base fields, more fields) fields {
	out := copied(base)
	for k, v := range more {
		if v == nil {
			delete(out, k)
		} else {
			out[k] = v
		}
	}
	return out
}

var granted = fields{"cidr": "10.0.0.0/16", "subnet": "nodes", "name": "vn-x"}

// edits are of the request {Pods, prefixLength 16}, with what is said where it
// was granted.
var edits = []struct {
	name string
	more fields
	text string
}{
	{"another size", fields{"prefixLength": 20}, "cannot be resized"},
	{"a size said otherwise", fields{"prefixLength": nil, "capacity": fields{"nodes": 3, "podsPerNode": 30}}, "the sizing field is immutable"},
	{"a block", fields{"prefixLength": nil, "cidrs": []any{"10.0.0.0/16"}}, "the sizing field is immutable"},
	{"another purpose", fields{"purpose": "Custom"}, "purpose is immutable"},
	{"another Network", fields{"networkName": "other"}, "networkName is immutable"},
	{"other families", fields{"ipFamilies": []any{"IPv4", "IPv6"}}, "ipFamilies is immutable"},
	{"routes", fields{"attachment": "Routes", "nodePrefixLength": 24}, "attachment is immutable"},
}

// TestWhatWasNeverGrantedIsCorrectedFreely: what was granted neither moves nor
// shrinks; before that anything may be mended.
func TestWhatWasNeverGrantedIsCorrectedFreely(t *testing.T) {
	a := connect(t)
	base := fields{"purpose": "Pods", "prefixLength": 16}
	fresh, had := a.make("RangeRequest", "fresh", base), a.make("RangeRequest", "had", base, granted)
	claimed := a.make("RangeRequest", "claimed", base, with(granted, fields{"state": "Claimed"}))
	for _, e := range edits {
		if err := a.edit(fresh, with(base, e.more)); err != nil {
			t.Errorf("%s of a request that was never granted: %v", e.name, err)
		}
		for _, u := range []*unstructured.Unstructured{had, claimed} {
			if err := a.edit(u, with(base, e.more)); err == nil || !strings.Contains(err.Error(), e.text) {
				t.Errorf("%s of request %s: %v", e.name, u.GetName(), err)
			}
		}
	}
	blocks := func(cidrs ...any) fields { return fields{"purpose": "Pods", "cidrs": cidrs} }
	for _, e := range []struct {
		to fields
		ok bool
	}{
		{blocks("10.0.0.0/16"), false}, {blocks("10.0.0.0/16", "10.3.0.0/16"), false}, {blocks("10.0.0.0/16", "10.2.0.0/16", "10.3.0.0/16"), true},
	} {
		named := a.make("RangeRequest", "named", blocks("10.0.0.0/16", "10.2.0.0/16"), granted)
		if err := a.edit(named, e.to); (err == nil) != e.ok || err != nil && !strings.Contains(err.Error(), "granted range cannot move") {
			t.Errorf("to %v: %v", e.to, err)
		}
		if err := a.Delete(a.Context(), named); err != nil {
			t.Fatal(err)
		}
	}
	wrong := a.make("RangeRequest", "wrong", fields{"purpose": "Pods", "prefixLength": 33})
	if err := a.edit(wrong, fields{"purpose": "Pods", "prefixLength": 16}); err != nil {
		t.Errorf("/33 to /16: %v", err)
	}
}

// specs are as many ways of leaving out and saying what is optional.
func specs() (out []fields) {
	sizes := []fields{{"prefixLength": 16}, {"cidrs": []any{"10.0.0.0/16"}}, {"capacity": fields{"nodes": 3, "podsPerNode": 30}}}
	rest := []fields{
		{}, {"nodePrefixLength": 24}, {"nodePrefixLength": "Auto"}, {"attachment": "Prefixes"}, {"attachment": "Routes", "nodePrefixLength": 24},
		{"attachment": "Routes"}, {"subnets": []any{"nodes"}}, {"growth": fields{"prefixLength": 20}}, {"growth": fields{}},
		{"growth": fields{"prefixLength": 20}, "newSubnets": fields{"blocks": []any{"100.64.0.0/16"}, "subnetPrefixLength": 20}},
		{"networkName": "other"}, {"ipFamilies": []any{"IPv6", "IPv4"}}, {"minNodePrefixLength": 24, "allowUndersized": true},
		{"nodeSelector": fields{"matchLabels": fields{"a": "b"}}, "deletionPolicy": "Retain"},
	}
	for _, purpose := range []string{"Pods", "Services"} {
		for _, size := range sizes {
			for _, more := range rest {
				out = append(out, with(with(fields{"purpose": purpose}, size), more))
			}
		}
	}
	return out
}

// TestNoRuleFailsToEvaluate: whatever is left out before or after an edit, the
// API server says what is wrong in our words, not in CEL's.
func TestNoRuleFailsToEvaluate(t *testing.T) {
	a := connect(t)
	check := func(what string, err error) {
		if err == nil {
			return
		}
		for _, leak := range []string{"no such key", "no such overload", "evaluation", "failed rule", "compil"} {
			if strings.Contains(err.Error(), leak) {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	all := specs()
	for i, from := range all {
		u := &unstructured.Unstructured{Object: fields{"spec": copied(from)}}
		u.SetGroupVersionKind(schema.GroupVersionKind{Group: "vpcnative.dev", Version: "v1alpha1", Kind: "RangeRequest"})
		u.SetName("probe")
		err := a.Create(a.Context(), u, client.DryRunAll)
		check(fmt.Sprint("creating ", from), err)
		if err != nil || i%5 != 0 {
			continue
		}
		fresh, had := a.make("RangeRequest", fmt.Sprint("fresh", i), from), a.make("RangeRequest", fmt.Sprint("had", i), from, granted)
		for _, to := range all {
			check(fmt.Sprint("from ", from, " to ", to), a.edit(fresh, to))
			check(fmt.Sprint("granted, from ", from, " to ", to), a.edit(had, to))
		}
	}
	cloud := fields{"project": "demo", "network": "vpc", "region": "us-central1", "subnetworks": []any{"nodes"}}
	networks := []fields{
		{"gcp": cloud}, {"gcp": with(cloud, fields{"networkProject": "host"})}, {"gcp": with(cloud, fields{"instanceProjects": []any{"a"}}), "firewall": "Manage"},
		{"aws": fields{"vpcID": "vpc-01234567", "subnets": []any{"subnet-01234567"}}},
		{"aws": fields{"vpcID": "vpc-01234567", "region": "eu-west-1", "subnets": []any{"subnet-01234567"}}, "reserved": []any{fields{"cidr": "10.0.0.0/24", "reason": "x"}}},
	}
	for i, from := range networks {
		u := a.make("Network", fmt.Sprint("n", i), with(from, fields{"supernets": []any{"10.0.0.0/8"}}))
		for _, to := range networks {
			check(fmt.Sprint("from ", from, " to ", to), a.edit(u, with(to, fields{"supernets": []any{"10.0.0.0/9"}})))
		}
	}
}
