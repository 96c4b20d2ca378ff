package node

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// The Node is gone, so the request says that its prefix cannot be taken back
// (I7): what a person has to mend at once, what passes only when it lasts.
func TestAPrefixThatCannotBeTakenBackIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		reason        cloud.Reason
		soon, lasting bool
	}{
		"a permission that is missing": {cloud.PermissionDenied, true, true},
		"a cloud that is away":         {cloud.Unavailable, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world, m *process) {
				w.addNode("a")
				time.Sleep(time.Minute)
				refuse := true
				w.mu.Lock()
				w.script = func(act, _ string, _ netip.Prefix) error {
					if act == "detach" && refuse {
						return fault(c.reason)
					}
					return nil
				}
				w.mu.Unlock()
				says := func(want bool) {
					t.Helper()
					m.c.again <- struct{}{} // as the watch does
					time.Sleep(10 * time.Second)
					cond := w.condition("pods", v1alpha1.ConditionReleasePending)
					if got := strings.HasPrefix(cond, "True "+string(c.reason)); got != want {
						t.Errorf("the request says %q", cond)
					}
				}
				w.deleteNode("a", false)
				time.Sleep(m.c.DetachGrace + 10*time.Second)
				says(c.soon)
				time.Sleep(2 * time.Minute)
				says(c.lasting)
				if len(w.carries("a")) == 0 {
					t.Error("nothing is left to take back")
				}
				w.mu.Lock()
				refuse = false
				w.mu.Unlock()
				time.Sleep(3 * time.Minute)
				says(false)
				if got := w.condition("pods", v1alpha1.ConditionReleasePending); !strings.HasPrefix(got, "False") || len(w.carries("a")) > 0 {
					t.Errorf("the request says %q, the VM carries %v", got, w.carries("a"))
				}
			})
		})
	}
}
