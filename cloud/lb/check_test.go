package lb

import (
	"errors"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
)

// TestARefusalNamesWhoAskedForIt: of many that share a balancer it is about one,
// and about the balancer's own owner it says nothing more.
func TestARefusalNamesWhoAskedForIt(t *testing.T) {
	t.Parallel()
	other := cloud.Owner{ClusterID: "c1", Kind: "Service", Namespace: "web", Name: "other"}
	b := LoadBalancer{Owner: shop, Scheme: Internal, Frontends: []Frontend{{Family: IPv4}},
		Backends:  map[string]Backend{"a": {Nodes: NodeSet{Name: "nodes"}}, "b": {From: other}},
		Listeners: []Listener{{Protocol: TCP, Port: 80, To: Target{Backend: "a"}}, {Protocol: TCP, Port: 81, From: other, To: Target{Backend: "c"}}}}
	err := b.Validate()
	var from []cloud.Owner
	for _, one := range err.(interface{ Unwrap() []error }).Unwrap() {
		if r, is := errors.AsType[*Refusal](one); is {
			from = append(from, r.From)
		}
	}
	if len(from) != 2 || from[0] != other || from[1] != other || strings.Count(err.Error(), "web/other") != 2 {
		t.Errorf("%v of %v", err, from)
	}
	b.Listeners[1].From, b.Backends["b"] = cloud.Owner{}, Backend{Nodes: NodeSet{Name: "nodes"}}
	if err := b.Validate(); err == nil || strings.Contains(err.Error(), "web/") {
		t.Errorf("the owner's own: %v", err)
	}
	if _, err := b.SoleBackend(); err == nil || !strings.Contains(err.Error(), "2 backends") {
		t.Errorf("of two backends: %v", err)
	}
}
