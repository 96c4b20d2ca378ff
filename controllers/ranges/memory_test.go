package ranges

import (
	"context"
	"testing"
)

// TestNothingIsRememberedOfWhatWasForcedOut: somebody takes the finalizer off by
// hand; and a request made anew under the name starts afresh.
func TestNothingIsRememberedOfWhatWasForcedOut(t *testing.T) {
	t.Parallel()
	w := filled(t)
	w.reconcile("pods")
	r := w.get("pods")
	w.c.doubt(r)
	if w.c.doubted(r).IsZero() || len(w.c.remembered) != 1 {
		t.Fatalf("remembered is %+v", w.c.remembered)
	}
	anew := r.DeepCopy()
	anew.UID = "another"
	if !w.c.doubted(anew).IsZero() {
		t.Error("what was doubtful of one request is of another with its name")
	}
	w.delete("pods")
	r = w.get("pods")
	r.Finalizers = nil
	if err := w.api.Update(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	if !w.gone("pods") {
		t.Fatal("it is there")
	}
	w.reconcile("pods")
	if len(w.c.remembered) != 0 {
		t.Errorf("still remembered is %+v", w.c.remembered)
	}
}
