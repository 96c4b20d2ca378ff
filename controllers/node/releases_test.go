package node

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/release"
)

// asOnce has the next n looks at a VM show what is given.
func (w *world) asOnce(n int, i cloud.Interface, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.old = func(id string) (cloud.Interface, error, bool) {
		if id != i.Instance || n == 0 {
			return cloud.Interface{}, nil, false
		}
		n--
		return i, err, true
	}
}

// What was being given back out of a range that is gone is not remembered for
// ever, and is while an interface carries it.
func TestAReleaseEndsWithItsRange(t *testing.T) {
	for name, carried := range map[string]bool{"and no interface carries it": false, "once no interface carries it": true} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world, m *process) {
				w.addNode("a")
				time.Sleep(time.Minute)
				m.stop()
				w.deleteNode("a", !carried)
				w.mu.Lock()
				requests := w.requests
				w.requests = nil
				w.mu.Unlock()
				w.lead()
				time.Sleep(time.Hour)
				left := w.store.Data("claims-holdings-0")["holdings"] + w.store.Data("claims")["releases"]
				if (left != "") != carried {
					t.Errorf("the ledger still says %q", left)
				}
				w.mu.Lock()
				w.requests = requests
				w.mu.Unlock()
				time.Sleep(time.Hour)
				left = w.store.Data("claims-holdings-0")["holdings"] + w.store.Data("claims")["releases"]
				if got := w.carries("a"); left != "" || len(got) > 0 {
					t.Errorf("the VM carries %v, and the ledger says %q", got, left)
				}
			})
		})
	}
}

// So it is where the leader knew the range before it went.
func TestAReleaseEndsWithARangeThatGoesUnderTheLeader(t *testing.T) {
	for name, vm := range map[string]bool{"as its VM goes": true, "while its VM lives on": false} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world, m *process) {
				w.addNode("a")
				time.Sleep(time.Minute)
				w.deleteNode("a", vm)
				time.Sleep(time.Second)
				if w.store.Data("claims")["releases"] == "" {
					t.Fatal("no release was written")
				}
				w.mu.Lock()
				w.requests = nil
				w.mu.Unlock()
				m.c.again <- struct{}{}
				time.Sleep(time.Minute)
				w.mu.Lock()
				if i := w.instances["vm-a"]; i != nil {
					i.prefixes = nil // a range that an interface carries cannot go
					w.remember("vm-a")
				}
				w.mu.Unlock()
				time.Sleep(time.Hour)
				if left := w.store.Data("claims-holdings-0")["holdings"] + w.store.Data("claims")["releases"]; left != "" {
					t.Errorf("the ledger still says %q", left)
				}
			})
		})
	}
}

// A prefix that rests while it is on an instance is never taken off again,
// since nothing of ours names it any more (I3, I4, I5).
func TestOneStaleLookDoesNotLetAPrefixRest(t *testing.T) {
	for name, old := range map[string]struct {
		i   cloud.Interface
		err error
	}{
		"that shows the VM before the attachment":   {i: cloud.Interface{Instance: "vm-a", InstanceUID: "1", Subnet: "nodes", SubnetName: "nodes"}},
		"that does not show the VM yet":             {i: cloud.Interface{Instance: "vm-a"}, err: fault(cloud.NotFound)},
		"that shows an earlier VM of the same name": {i: cloud.Interface{Instance: "vm-a", InstanceUID: "0", Subnet: "nodes", SubnetName: "nodes"}},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world, m *process) {
				w.addNode("a")
				time.Sleep(time.Minute)
				synctest.Wait()
				if old.i.InstanceUID == "0" {
					old.i.Attachments = w.view("vm-a", w.instances["vm-a"]).Attachments
				}
				w.asOnce(1, old.i, old.err)
				w.deleteNode("a", false)
				time.Sleep(2*time.Second + m.c.DetachGrace/2)
				if _, h, _ := m.c.allocator.At(w.carries("a")[0]); h.Node != "a" {
					t.Errorf("after one look it is %+v's", h)
				}
				time.Sleep(5 * time.Minute)
				if got := w.carries("a"); len(got) > 0 {
					t.Errorf("the VM still carries %v", got)
				}
				if left := w.store.Data("claims")["releases"]; left != "" {
					t.Errorf("the ledger still says %s", left)
				}
			})
		})
	}
}

// Where looks were more out of date than they may be, the next listing of all
// interfaces tells.
func TestAPrefixThatRestsByMistakeIsTakenOff(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.addNode("a")
		time.Sleep(time.Minute)
		w.asOnce(2, cloud.Interface{Instance: "vm-a", InstanceUID: w.instances["vm-a"].uid, Subnet: "nodes", SubnetName: "nodes"}, nil)
		w.deleteNode("a", false)
		time.Sleep(20 * time.Second)
		if left := w.store.Data("claims")["releases"]; left != "" || len(w.carries("a")) == 0 {
			t.Fatalf("two looks were out of date, and the ledger says %q; the VM carries %v", left, w.carries("a"))
		}
		time.Sleep(m.c.Resync + 2*m.c.DetachGrace)
		if got := w.carries("a"); len(got) > 0 {
			t.Errorf("the VM still carries %v", got)
		}
		if left := w.store.Data("claims")["releases"]; left != "" {
			t.Errorf("the ledger still says %s", left)
		}
	})
}

// What we took off is gone, whatever a look at the VM still shows: it is not
// another Node's to inherit.
func TestAPrefixThatWasTakenOffIsNotInherited(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.addNode("a")
		time.Sleep(time.Minute)
		w.mu.Lock()
		before := w.view("vm-a", w.instances["vm-a"])
		w.mu.Unlock()
		w.asOnce(-1, before, nil)
		w.deleteNode("a", false)
		for len(w.carries("a")) > 0 {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(10 * time.Second)
		w.addNode("a")
		time.Sleep(10 * time.Second)
		if got := w.published("a"); got == before.Attachments[0].Prefix.String() {
			t.Errorf("it publishes %s, which was taken off", got)
		}
		w.asOnce(0, before, nil)
		time.Sleep(5 * time.Minute)
		if got := w.carries("a"); len(got) != 1 || w.published("a") != got[0].String() {
			t.Errorf("it publishes %q and carries %v", w.published("a"), got)
		}
	})
}

// One listing is the second look of all of them.
func TestManyThatGoAtOnceCostOneLookEach(t *testing.T) {
	t.Parallel()
	alone(t, func(t *testing.T, w *world) {
		const nodes = 200
		w.requests[0].Status.Ranges[0].CIDR = "10.0.0.0/20"
		for i := range nodes {
			w.addNode(fmt.Sprint(i))
		}
		m := w.lead()
		defer m.stop()
		time.Sleep(time.Minute)
		for i := range nodes {
			if w.published(fmt.Sprint(i)) == "" {
				t.Fatalf("node %d has no range", i)
			}
		}
		w.mu.Lock()
		gets, lists := w.gets, w.lists
		w.mu.Unlock()
		for i := range nodes {
			w.deleteNode(fmt.Sprint(i), true)
		}
		time.Sleep(30 * time.Second)
		w.mu.Lock()
		gets, lists = w.gets-gets, w.lists-lists
		w.mu.Unlock()
		if gets > nodes+release.FewLooks || lists > 2 {
			t.Errorf("%d looks and %d listings for %d nodes", gets, lists, nodes)
		}
		if left := m.c.allocator.OfNodes(allocator.All); len(left) > 0 {
			t.Errorf("%d of them do not rest: %v", len(left), left)
		}
	})
}

// An instance that is elsewhere now can never be given what its Node was
// promised before.
func TestAMachineRecreatedInAnotherSubnetGetsAPrefixOfItsOwnSubnet(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.mu.Lock()
		w.requests[0].Status.Ranges = append(w.requests[0].Status.Ranges,
			v1alpha1.GrantedRange{CIDR: "10.0.1.0/24", Subnet: "elsewhere", Name: "vn-pods"})
		w.mu.Unlock()
		m.c.again <- struct{}{}
		time.Sleep(time.Second)
		w.script = failing("attach", 1000, cloud.QuotaExceeded)
		w.addNode("a")
		time.Sleep(10 * time.Second)
		w.mu.Lock()
		w.recreateVM("a")
		w.instances["vm-a"].subnet = "elsewhere"
		w.remember("vm-a")
		w.script = nil
		w.mu.Unlock()
		time.Sleep(20 * time.Minute)
		if got := w.published("a"); got != "10.0.1.0/28" {
			t.Errorf("published %q; the reason is %q", got, w.reason("a"))
		}
		if h := m.c.allocator.Instances(); len(h) > 0 {
			t.Errorf("what it was promised is still occupied: %v", h)
		}
	})
}
