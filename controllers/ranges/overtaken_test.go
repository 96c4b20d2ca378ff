package ranges

import (
	"context"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// An object that somebody else writes between our look and our write is looked
// at again, and nobody is told of it: neither when a request is begun nor when
// it goes.
func TestAConflictIsNoReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t, request("pods", 24))
	conflict := interceptor.Funcs{Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
		return apierrors.NewConflict(schema.GroupResource{}, "pods", nil)
	}}
	meet := func(act string, want string) {
		t.Helper()
		w.refusing(conflict)
		said := len(w.events.Events)
		if again := w.reconcile("pods"); again.RequeueAfter == 0 || again.RequeueAfter > conflictPause {
			t.Errorf("%s: again in %s", act, again.RequeueAfter)
		}
		if got := w.reason("pods", "Ready"); got != want {
			t.Errorf("%s: the reason is %q, want %q as before", act, got, want)
		}
		if len(w.events.Events) != said {
			t.Errorf("%s: it says %s", act, <-w.events.Events)
		}
		w.c.Client, w.c.Live = w.api, w.api
		for len(w.events.Events) > 0 {
			<-w.events.Events
		}
	}
	meet("adding the finalizer", "")
	w.reconcile("pods")
	w.want("pods", "Ready", 1, "10.0.0.0/24")
	w.delete("pods")
	for len(w.events.Events) > 0 {
		<-w.events.Events
	}
	meet("letting it go", "Ready")
	for range 5 {
		if w.gone("pods") {
			return
		}
		w.reconcile("pods")
	}
	t.Error("the request does not go")
}
