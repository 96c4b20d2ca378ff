package node

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/node/claims/claimstest"
)

// A ledger that cannot be written is said on the Nodes that wait and on the
// request, with the ConfigMap and what to do, and holds no worker; when it can
// be, all goes on.
func TestABlockedLedgerIsSaidAndHoldsNobody(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.mu.Lock()
		w.heard = make(chan string, 1000)
		w.mu.Unlock()
		w.store.SetHook(func(_ context.Context, verb string, m claimstest.Moment) error {
			if verb == "update" && m == claimstest.Before {
				return apierrors.NewForbidden(schema.GroupResource{Resource: "configmaps"}, "claims", errors.New("no rights"))
			}
			return nil
		})
		names := []string{"a", "b", "c", "d", "e", "f"} // more than there are workers
		for _, n := range names {
			w.addNode(n)
		}
		time.Sleep(10 * time.Second)
		for _, n := range names {
			if got := w.reason(n); got != v1alpha1.ReasonLedgerBlocked {
				t.Errorf("%s waits for %q", n, got)
			}
			if got := w.message(n); !strings.Contains(got, "ConfigMap claims") || !strings.Contains(got, "rbac.yaml") {
				t.Errorf("%s says %q", n, got)
			}
		}
		if got := w.condition("pods", v1alpha1.ConditionLedgerBlocked); got != "True LedgerBlocked" {
			t.Errorf("the request says %q", got)
		}
		m.c.again <- struct{}{} // as the watch of requests does
		w.deleteNode("f", true) // what was picked for it is free again, and its claim is none
		w.store.SetHook(nil)
		time.Sleep(2 * time.Minute)
		for _, n := range names[:5] {
			if w.published(n) == "" {
				t.Errorf("%s waits for %q after that was mended", n, w.reason(n))
			}
		}
		if got := w.condition("pods", v1alpha1.ConditionLedgerBlocked); got != "False None" {
			t.Errorf("once mended the request says %q", got)
		}
		if got := w.store.Data("claims")["claims"]; got != "" {
			t.Errorf("claims are left: %s", got)
		}
	})
}

// What a later release wrote stops this one, which says so.
func TestALedgerOfALaterReleaseIsSaid(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		m.stop()
		w.store.Edit("claims", func(d map[string]string) { d["format"] = "99" })
		w.addNode("a")
		later := w.lead()
		defer later.stop()
		time.Sleep(time.Minute)
		if got := w.condition("pods", v1alpha1.ConditionLedgerBlocked); got != "True LedgerBlocked" || w.published("a") != "" {
			t.Errorf("the request says %q, the Node publishes %q", got, w.published("a"))
		}
		if got := w.store.Data("claims")["format"]; got != "99" {
			t.Errorf("the ledger was written over: format %s", got)
		}
	})
}
