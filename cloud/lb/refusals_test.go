package lb

import (
	"errors"
	"fmt"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
)

// picky is a cloud that takes some ports.
type picky struct {
	Balancers
	refuses map[uint16]bool
}

func (c picky) Want(b LoadBalancer, _ State) (out []Resource, _ error) {
	if err := b.Validate(); err != nil {
		return nil, err
	}
	for _, l := range b.Listeners {
		if c.refuses[l.Port] {
			return nil, &cloud.Error{Reason: cloud.Invalid, Act: "plan", Err: b.Refuse(l.From, fmt.Errorf("port %d is taken", l.Port))}
		}
		out = append(out, door(fmt.Sprintf("d%d", l.Port), fmt.Sprint(l.Port), l.To.Backend))
	}
	return out, nil
}

// contributed is a balancer of the shop's with a listener of each port, those of
// each owner on a backend of its own.
func contributed(parts map[cloud.Owner][]uint16) LoadBalancer {
	b := LoadBalancer{Owner: shop, Scheme: Internal, Frontends: []Frontend{{Family: IPv4}}, Backends: map[string]Backend{}}
	for from, ports := range parts {
		b.Backends[from.Name] = Backend{From: from, Nodes: NodeSet{Name: "nodes"}}
		for _, port := range ports {
			b.Listeners = append(b.Listeners, Listener{From: from, Protocol: TCP, Port: port, To: Target{Backend: from.Name}})
		}
	}
	return b
}

func ingress(name string) cloud.Owner {
	return cloud.Owner{ClusterID: "c1", Kind: "Ingress", Namespace: "web", Name: name}
}

func TestARefusedPartLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	one, two := ingress("one"), ingress("two")
	c := picky{refuses: map[uint16]bool{81: true, 91: true}}
	for name, p := range map[string]struct {
		parts   map[cloud.Owner][]uint16
		made    int
		refused []cloud.Owner
		fails   bool
	}{
		"nothing is refused":                       {parts: map[cloud.Owner][]uint16{one: {80}, two: {90}}, made: 2},
		"one of two: all that it asks for":         {parts: map[cloud.Owner][]uint16{one: {80, 81, 82}, two: {90}}, made: 1, refused: []cloud.Owner{one}},
		"both: there is nothing left to make":      {parts: map[cloud.Owner][]uint16{one: {81}, two: {91}}, refused: []cloud.Owner{one}, fails: true},
		"the owner's own is refused with all else": {parts: map[cloud.Owner][]uint16{shop: {81}, two: {90}}, fails: true},
		"a port that both ask for: the second's":   {parts: map[cloud.Owner][]uint16{two: {0}, one: {80}}, made: 1, refused: []cloud.Owner{two}},
	} {
		goal, err := GoalOf(c, contributed(p.parts), State{})
		if (err != nil) != p.fails {
			t.Errorf("%s: %v", name, err)
		}
		if p.fails {
			continue
		}
		if len(goal.Want) != p.made || len(goal.Refused) != len(p.refused) {
			t.Fatalf("%s: %d made, refused %v", name, len(goal.Want), goal.Refused)
		}
		for i, r := range goal.Refused {
			if r.From != p.refused[i] || r.Error() == "" {
				t.Errorf("%s: %v of %v", name, r, r.From)
			}
		}
	}
}

// TestWhatWasMadeForARefusedPartStays: until its contributor corrects it.
func TestWhatWasMadeForARefusedPartStays(t *testing.T) {
	t.Parallel()
	one, two := ingress("one"), ingress("two")
	was, err := GoalOf(picky{}, contributed(map[cloud.Owner][]uint16{one: {80}, two: {90}}), State{})
	if err != nil {
		t.Fatal(err)
	}
	got := StateOf(was.Want...)
	goal, err := GoalOf(picky{refuses: map[uint16]bool{81: true}}, contributed(map[cloud.Owner][]uint16{one: {81}, two: {90, 92}}), got)
	if err != nil {
		t.Fatal(err)
	}
	plan := Plan(toyRules, got, goal)
	if len(plan) != 1 || plan[0].Verb != Create || plan[0].Name != "d92" {
		t.Errorf("the plan is\n%s", plan)
	}
	if refused, is := errors.AsType[*Refusal](goal.Refused[0]); !is || refused.From != one {
		t.Errorf("refused: %v", goal.Refused)
	}
}
