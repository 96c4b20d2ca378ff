package node

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/decide"
)

// TestAPreviewNamesTheStepsAndTakesNone: of a Node that is served, of one that is
// to be, and of one that is gone.
func TestAPreviewNamesTheStepsAndTakesNone(t *testing.T) {
	t.Parallel()
	alone(t, func(t *testing.T, w *world) {
		m := w.lead()
		w.addNode("served")
		w.addNode("gone")
		w.addNode("bare")
		time.Sleep(time.Minute)
		m.stop()
		time.Sleep(time.Minute)
		w.deleteNode("gone", false)
		w.addNode("new")
		w.addNode("newer")
		w.mu.Lock()
		w.instances["vm-bare"].prefixes = nil
		w.remember("vm-bare")
		before := fmt.Sprint(w.view("vm-new", w.instances["vm-new"]), w.view("vm-gone", w.instances["vm-gone"]))
		w.mu.Unlock()
		ledger := fmt.Sprint(w.store.Data("claims"), w.store.Data("claims-holdings-0"))
		cfg := m.c.Config
		cfg.MaxInFlight = 1 // nobody is with the cloud, so nobody takes another's place
		p, err := NewPreviewer(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string][]decide.Do{
			"served": {decide.Record, decide.Done},
			"new":    {decide.Look, decide.Pick, decide.Claim, decide.Attach},
			"newer":  {decide.Look, decide.Pick, decide.Claim, decide.Attach},
			"gone":   {decide.BeginRelease, decide.Look, decide.Wait},
			"bare":   {decide.Record, decide.Look, decide.PutBack},
			"nobody": nil,
		} {
			previews, err := p.Node(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			var got []decide.Do
			for _, x := range previews {
				for _, s := range x.Steps {
					got = append(got, s.Do)
				}
				if !strings.HasPrefix(x.Holds, "10.0.0.") {
					t.Errorf("%s holds %q", name, x.Holds)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: %v, want %v", name, previews, want)
			}
		}
		ctx, stop := context.WithTimeout(t.Context(), 30*time.Minute)
		defer stop()
		if err := DryRun(m.c.Config)(ctx); err != nil {
			t.Error(err)
		}
		w.mu.Lock()
		after := fmt.Sprint(w.view("vm-new", w.instances["vm-new"]), w.view("vm-gone", w.instances["vm-gone"]))
		w.mu.Unlock()
		if after != before || w.published("new") != "" || w.says("new") != "" {
			t.Errorf("a preview changed something: %s was %s", after, before)
		}
		if now := fmt.Sprint(w.store.Data("claims"), w.store.Data("claims-holdings-0")); now != ledger {
			t.Errorf("a preview changed the ledger: %s was %s", now, ledger)
		}
	})
}

// TestWhatIsDroppedIsPickedAnewOnce: what was picked for a Node and not promised
// yet is given back where another request selects the Node by then, and what is
// picked out of that one stays.
func TestWhatIsDroppedIsPickedAnewOnce(t *testing.T) {
	t.Parallel()
	alone(t, func(t *testing.T, w *world) {
		m := w.lead()
		time.Sleep(time.Minute)
		m.stop()
		time.Sleep(time.Minute)
		of := w.special(t)
		n := w.addNode("moved")
		w.label("moved")
		time.Sleep(time.Minute)
		p, err := NewPreviewer(t.Context(), m.c.Config)
		if err != nil {
			t.Fatal(err)
		}
		holder := allocator.Holder{NodeUID: n.UID, Node: n.Name, Instance: n.Spec.ProviderID}
		if _, err := p.c.allocator.Take(holder, p.c.Now(), []allocator.Want{{Key: allocator.Key{Request: "pods", Subnet: "nodes"}, Bits: 28}}, p.c.Now()); err != nil {
			t.Fatal(err)
		}
		previews, err := p.Node(t.Context(), n.Name)
		if err != nil || len(previews) != 1 {
			t.Fatal(previews, err)
		}
		var got []decide.Do
		for _, s := range previews[0].Steps {
			got = append(got, s.Do)
		}
		want := []decide.Do{decide.Drop, decide.Look, decide.Pick, decide.Claim, decide.Attach}
		if holds, err := netip.ParsePrefix(previews[0].Holds); fmt.Sprint(got) != fmt.Sprint(want) || err != nil || !of.Overlaps(holds) {
			t.Errorf("%v, holding %q, want %v out of %s", got, previews[0].Holds, want, of)
		}
	})
}
