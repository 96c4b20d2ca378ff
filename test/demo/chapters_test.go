package main

import (
	"net/netip"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

func TestAHeadingIsALine(t *testing.T) {
	for i, c := range newStage(nil, programs{}, nil).chapters() {
		if len(c.title) > 74 {
			t.Errorf("chapter %d is %d wide: %s", i+1, len(c.title), c.title)
		}
	}
}

// TestWhatAPersonWritesIsWhatTheTypesHave: kubectl warns of a field that is
// none, and the server drops it; so the demo would show one that does nothing.
func TestWhatAPersonWritesIsWhatTheTypesHave(t *testing.T) {
	s := newStage(nil, programs{}, nil)
	for name, text := range map[string]string{
		"network": s.east.network(), "west's network": s.west.network(), "network with firewall": s.east.network() + firewallYAML,
		"pods": podsYAML, "pods with growth": podsYAML + growthYAML, "services": servicesYAML, "pools": poolsYAML,
	} {
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
}

func TestTheClustersDifferInTheirSubnetAlone(t *testing.T) {
	s := newStage(nil, programs{}, nil)
	if east := strings.Replace(s.west.network(), "["+s.west.subnet+"]", "["+s.east.subnet+"]", 1); east != s.east.network() {
		t.Errorf("got:\n%s\nand:\n%s", s.east.network(), s.west.network())
	}
}

// TestServicesPassTheThreshold: the range of the API server is too full with
// what the demo makes, and holds all of it.
func TestServicesPassTheThreshold(t *testing.T) {
	var r v1alpha1.RangeRequest
	if err := yaml.Unmarshal([]byte(servicesYAML), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Spec.CIDRs) != 1 || string(r.Spec.CIDRs[0]) != serviceRange {
		t.Fatalf("the request names %v, the API server has %s", r.Spec.CIDRs, serviceRange)
	}
	usable := 1<<(32-netip.MustParsePrefix(serviceRange).Bits()) - 2
	const own = 1 // Service kubernetes
	if used := filling + own; used > usable || 100*used/usable < int(r.Spec.Growth.Threshold) {
		t.Errorf("%d of %d addresses, the threshold is %d %%", used, usable, r.Spec.Growth.Threshold)
	}
}

// TestNewcomersCallForOneRangeThatHoldsThem: also when one of them gets what
// has rested meanwhile.
func TestNewcomersCallForOneRangeThatHoldsThem(t *testing.T) {
	var r v1alpha1.RangeRequest
	if err := yaml.Unmarshal([]byte(podsYAML+growthYAML), &r); err != nil {
		t.Fatal(err)
	}
	const nodeBits = 24 // of 110 pods
	holds := 1 << (nodeBits - *r.Spec.Growth.PrefixLength)
	if wait := newcomers - 1; wait < int(r.Spec.Growth.WaitingNodes) || wait > holds {
		t.Errorf("%d wait; growth is called for by %d, and holds %d", wait, r.Spec.Growth.WaitingNodes, holds)
	}
}

func TestTheCrewFillsTheRange(t *testing.T) {
	left := 4096 - 3*256
	for _, c := range crew {
		size := 1
		for size < 2*c.maxPods {
			size *= 2
		}
		left -= c.nodes * size
	}
	if left < 0 || left >= 256 {
		t.Errorf("%d addresses are left, want room for no node of 110 pods", left)
	}
}
