package node

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/claims"
)

var own = netip.MustParsePrefix("10.0.0.64/28")

// bornWith makes a VM with an alias range of its own, and its Node.
func (w *world) bornWith(name string, p netip.Prefix) {
	w.mu.Lock()
	w.createVM(name, p)
	w.mu.Unlock()
	w.addNode(name)
}

// whose returns who holds a prefix, by the allocator.
func (m *process) whose(p netip.Prefix) string {
	for _, h := range m.c.allocator.Instances() {
		if h.Prefix == p {
			return "instance " + h.Instance
		}
	}
	for _, h := range m.c.allocator.OfNodes(func(h allocator.Allocation) bool { return h.Prefix == p }) {
		return "node " + h.Node
	}
	return ""
}

func TestAnAdoptedAliasStaysWhenItsNodeGoes(t *testing.T) {
	for name, restart := range map[string]struct{ before, after bool }{
		"under one leader":                     {},
		"and the manager restarts before that": {before: true},
		"and the manager restarts after that":  {after: true},
		"and the manager restarts twice":       {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world, m *process) {
				again := func(now bool) {
					if now {
						m.stop()
						m = w.lead()
						t.Cleanup(m.stop)
						time.Sleep(5 * time.Minute)
					}
				}
				w.bornWith("a", own)
				time.Sleep(time.Minute)
				if got := w.published("a"); got != own.String() {
					t.Fatalf("published %s, want %s", got, own)
				}
				again(restart.before)
				w.deleteNode("a", false)
				time.Sleep(5 * time.Minute)
				again(restart.after)
				if got := w.carries("a"); len(got) != 1 || got[0] != own {
					t.Errorf("the instance carries %v, want %s", got, own)
				}
				if got := m.whose(own); got != "instance vm-a" {
					t.Errorf("%s is held by %q", own, got)
				}
				w.mu.Lock()
				w.departed(own, "vm-a")
				delete(w.instances, "vm-a")
				w.mu.Unlock()
				time.Sleep(10*time.Minute + time.Second) // the next reading of all interfaces
				data := w.store.Data("claims")
				if m.whose(own) != "" || data["releases"] != "" || !strings.Contains(data["resting"], "10.0.0.64/28") {
					t.Errorf("the instance is gone: held by %q; %v", m.whose(own), data)
				}
				m.stop()
			})
		})
	}
}

func TestAnAdoptedAliasIsAdoptedAnewByTheNextNode(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.bornWith("a", own)
		time.Sleep(time.Minute)
		w.deleteNode("a", false)
		time.Sleep(5 * time.Minute)
		n := w.addNode("a")
		time.Sleep(time.Minute)
		if h, ok := m.c.allocator.Held(n.UID); !ok || h.Prefix != own || !h.Adopted || w.published("a") != own.String() {
			t.Errorf("it holds %+v and publishes %s", h, w.published("a"))
		}
		if got := w.store.Data("claims")["releases"]; got != "" {
			t.Errorf("the release stands: %s", got)
		}
	})
}

// already makes a Node that somebody gave podCIDRs before there was a
// manager.
func already(w *world, name string, p netip.Prefix, carried bool) {
	n := w.addNode(name)
	w.mu.Lock()
	defer w.mu.Unlock()
	n.Spec.PodCIDRs = []string{p.String()}
	if carried {
		w.instances["vm-"+name].prefixes = []netip.Prefix{p}
		w.instances["vm-"+name].born = p
	}
}

func TestWhatWasThereBeforeUsIsOursOnlyWhereWePutIt(t *testing.T) {
	for name, carried := range map[string]bool{"on the instance": true, "published only, and attached by us": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			alone(t, func(t *testing.T, w *world) {
				w.requests[0].Spec.Adoption = v1alpha1.AdoptionAttach
				already(w, "a", own, carried)
				for range 2 { // also by the word of the ledger
					m := w.lead()
					time.Sleep(time.Minute)
					if got := w.carries("a"); len(got) != 1 || got[0] != own {
						t.Fatalf("it carries %v", got)
					}
					m.stop()
				}
				m := w.lead()
				defer m.stop()
				w.deleteNode("a", false)
				time.Sleep(5 * time.Minute)
				if got := w.carries("a"); (len(got) == 1) != carried {
					t.Errorf("its Node is gone and it carries %v", got)
				}
			})
		})
	}
}

func TestAMachineUnderAnOldNameIsANewOwner(t *testing.T) {
	in(t, func(t *testing.T, w *world, _ *process) {
		w.addNode("a")
		time.Sleep(time.Minute)
		before := w.published("a")
		w.deleteNode("a", false)
		w.mu.Lock()
		w.recreateVM("a")
		w.mu.Unlock()
		w.addNode("a") // before anything was taken back
		time.Sleep(time.Minute)
		if got := w.published("a"); got == "" || got == before {
			t.Errorf("the machine before had %s, this one publishes %q", before, got)
		}
	})
}

func TestAMachineUnderAnOldNameKeepsItsOwnAlias(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.addNode("a")
		time.Sleep(time.Minute)
		p := netip.MustParsePrefix(w.published("a"))
		w.deleteNode("a", false)
		w.mu.Lock()
		w.recreateVM("a")
		w.createVM("a", p) // somebody gave it the very same
		w.mu.Unlock()
		time.Sleep(5 * time.Minute)
		if got := w.carries("a"); len(got) != 1 || m.whose(p) != "instance vm-a" {
			t.Errorf("it carries %v; %s is held by %q", got, p, m.whose(p))
		}
	})
}

func TestANodeWhoseMachineWasReplacedKeepsWhatItPublishes(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.addNode("a")
		time.Sleep(time.Minute)
		p := w.published("a")
		w.mu.Lock()
		w.recreateVM("a")
		w.mu.Unlock()
		time.Sleep(15 * time.Minute)
		if got := w.carries("a"); len(got) != 1 || got[0].String() != p {
			t.Errorf("it publishes %s and carries %v", p, got)
		}
		m.stop()
		next := w.lead()
		defer next.stop()
		time.Sleep(5 * time.Minute)
		w.deleteNode("a", false)
		time.Sleep(5 * time.Minute)
		if got := w.carries("a"); len(got) > 0 {
			t.Errorf("its Node is gone, and it carries %v, which we put there", got)
		}
	})
}

func TestWhatIsPutBackIsRecordedFirst(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.addNode("a")
		time.Sleep(time.Minute)
		recorded := false
		w.mu.Lock()
		w.recreateVM("a")
		uid := w.instances["vm-a"].uid
		w.script = func(act, id string, p netip.Prefix) error {
			recorded = strings.Contains(w.store.Data("claims")["claims"], `"instanceUID":"`+uid+`"`)
			return nil
		}
		w.mu.Unlock()
		time.Sleep(15 * time.Minute)
		carried := w.carries("a")
		w.mu.Lock()
		defer w.mu.Unlock()
		if !recorded || len(carried) == 0 {
			t.Errorf("recorded before the cloud was asked: %v; it carries %v", recorded, carried)
		}
		if got := w.store.Data("claims")["claims"]; got != "" {
			t.Errorf("the claim does not end: %s", got)
		}
	})
}

func TestRecordsWithoutTheFieldAreOurs(t *testing.T) {
	t.Parallel()
	r := &reading{recorded: recordsOf(claims.Records{Held: []allocator.Allocation{{Prefix: own, Holder: allocator.Holder{NodeUID: "u", Instance: "vm-a"}}}})}
	k := allocator.Allocation{Holder: allocator.Holder{NodeUID: "u", Node: "a", Instance: "vm-a"}, Prefix: own}
	if r.origin(k).Adopted {
		t.Error("an entry of an older version reads as adopted")
	}
	k.NodeUID = "another"
	if r.origin(k).Adopted {
		t.Error("the Node registered anew on the same instance: the record is of an earlier UID")
	}
	k.Instance = "vm-b"
	if !r.origin(k).Adopted {
		t.Error("the record is of another instance")
	}
}
