package main

import (
	"net/netip"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// onEach runs a test on a stage of each cloud.
func onEach(t *testing.T, test func(*testing.T, *stage)) {
	for name, c := range clouds {
		t.Run(name, func(t *testing.T) { test(t, newStage(nil, programs{}, c(), nil)) })
	}
}

func TestAHeadingIsALine(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage) {
		for i, c := range s.chapters() {
			if len(c.title) > 74 {
				t.Errorf("chapter %d is %d wide: %s", i+1, len(c.title), c.title)
			}
		}
	})
}

// TestServicesAreWhatTheTypeHas: as TestWhatAPersonWritesIsWhatTheTypesHave has it.
func TestServicesAreWhatTheTypeHas(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage) {
		made := map[string]bool{}
		for _, document := range strings.Split(s.yaml("balancers")+"---\n"+s.yaml("edited"), "\n---\n") {
			var one corev1.Service
			if err := yaml.UnmarshalStrict([]byte(document), &one); err != nil {
				t.Errorf("%v\n%s", err, document)
			}
			if one.Spec.LoadBalancerClass == nil || *one.Spec.LoadBalancerClass != v1alpha1.ClassLoadBalancer {
				t.Errorf("Service %s is of another class", one.Name)
			}
			made[one.Name] = true
		}
		if len(made) != len(balanced) || !made[balanced[0]] || !made[balanced[1]] {
			t.Errorf("the Services are %v, the demo waits for %v", made, balanced)
		}
	})
}

// TestWhatAPersonWritesIsWhatTheTypesHave: kubectl warns of a field that is
// none, and the server drops it; so the demo would show one that does nothing.
func TestWhatAPersonWritesIsWhatTheTypesHave(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage) {
		texts := map[string]string{
			"network": s.network(s.east), "west's network": s.network(s.west), "pods": s.yaml("pods"),
			"pods with growth": s.yaml("pods") + s.yaml("growth"), "services": s.yaml("services"), "pools": s.yaml("pools"),
		}
		if s.words.firewall {
			texts["network with firewall"] = s.network(s.east) + s.yaml("firewall")
		}
		for name, text := range texts {
			for _, document := range strings.Split(text, "\n---\n") {
				var into any = &v1alpha1.RangeRequest{}
				if strings.Contains(document, "kind: Network") {
					into = &v1alpha1.Network{}
				}
				if err := yaml.UnmarshalStrict([]byte(document), into); err != nil {
					t.Errorf("%s: %v\n%s", name, err, document)
				}
			}
		}
	})
}

func TestTheClustersDifferInTheirSubnetAlone(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage) {
		if east := strings.Replace(s.network(s.west), "["+s.west.subnet+"]", "["+s.east.subnet+"]", 1); east != s.network(s.east) {
			t.Errorf("got:\n%s\nand:\n%s", s.network(s.east), s.network(s.west))
		}
	})
}

// TestServicesPassTheThreshold: the range of the API server is too full with
// what the demo makes, and holds all of it.
func TestServicesPassTheThreshold(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage) {
		var r v1alpha1.RangeRequest
		if err := yaml.Unmarshal([]byte(s.yaml("services")), &r); err != nil {
			t.Fatal(err)
		}
		if len(r.Spec.CIDRs) != 1 || string(r.Spec.CIDRs[0]) != s.words.services {
			t.Fatalf("the request names %v, the API server has %s", r.Spec.CIDRs, s.words.services)
		}
		usable := 1<<(32-netip.MustParsePrefix(s.words.services).Bits()) - 2
		own := 1 + len(balanced) // Service kubernetes, and those before
		if used := filling + own; used > usable || 100*used/usable < int(r.Spec.Growth.Threshold) {
			t.Errorf("%d of %d addresses, the threshold is %d %%", used, usable, r.Spec.Growth.Threshold)
		}
	})
}

// size is how many addresses a node has.
func (s *stage) size(maxPods int) int {
	size := 1
	for size < s.words.spare*maxPods {
		size *= 2
	}
	return size
}

// TestNewcomersCallForOneRangeThatHoldsThem: also when one of them gets what
// has rested meanwhile.
func TestNewcomersCallForOneRangeThatHoldsThem(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage) {
		var r v1alpha1.RangeRequest
		if err := yaml.Unmarshal([]byte(s.yaml("pods")+s.yaml("growth")), &r); err != nil {
			t.Fatal(err)
		}
		holds := 1 << (32 - *r.Spec.Growth.PrefixLength) / s.size(110)
		if wait := newcomers - 1; wait < int(r.Spec.Growth.WaitingNodes) || wait > holds {
			t.Errorf("%d wait; growth is called for by %d, and holds %d", wait, r.Spec.Growth.WaitingNodes, holds)
		}
	})
}

func TestTheCrewFillsTheRange(t *testing.T) {
	onEach(t, func(t *testing.T, s *stage) {
		var r v1alpha1.RangeRequest
		if err := yaml.Unmarshal([]byte(s.yaml("pods")), &r); err != nil {
			t.Fatal(err)
		}
		left := 1<<(32-*r.Spec.PrefixLength) - 3*s.size(110)
		for _, c := range crew {
			left -= c.nodes * s.size(c.maxPods)
		}
		if left < 0 || left >= s.size(110) {
			t.Errorf("%d addresses are left, want room for no node of 110 pods", left)
		}
	})
}
