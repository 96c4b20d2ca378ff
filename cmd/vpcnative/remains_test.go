package main

import (
	"fmt"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// domain is load balancing of which only the rules are asked for.
type domain struct {
	lb.Balancers
	name string
}

func (d domain) Rules() lb.Rules { return lb.Rules{Domain: d.name} }

// TestTwoNetworksOfOneVPCHaveOneRemainder: what both show is named once, and
// what another VPC has under the same name is named too.
func TestTwoNetworksOfOneVPCHaveOneRemainder(t *testing.T) {
	of := func(vpc string) *remains {
		part := lb.Orphan{Resource: lb.Resource{Ref: lb.Ref{Kind: "rule", Name: "web"}}}
		return &remains{
			place: &place{vpc: cloud.VPC{Place: cloud.Place{VPC: vpc}}, Balancers: domain{name: vpc}},
			found: found{parts: []lb.Orphan{part}, pieces: []piece{{what: "range nodes/pods 10.2.0.0/20"}}},
		}
	}
	all := []*remains{of("one"), of("one"), of("another")}
	once(all)
	for i, want := range []string{"1 1", "0 0", "1 1"} {
		if got := fmt.Sprint(len(all[i].parts), " ", len(all[i].pieces)); got != want {
			t.Errorf("Network %d has %s, want %s", i, got, want)
		}
	}
}
