package service

import (
	"maps"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// TestWhatNoListShowsIsSetRightToo: a change by hand that shows only where a
// balancer is read by itself.
func TestWhatNoListShowsIsSetRightToo(t *testing.T) {
	w := newWorld(t, "n1")
	w.cfg.Resync = 300 * time.Millisecond
	w.cloud.Shown = lb.State{}
	w.start()
	w.service("web", nil)
	w.expect("web", v1alpha1.ReasonEnsured, 1)
	w.cloud.With(func() {
		for ref, r := range w.cloud.State {
			if r.Kind == "backend" {
				w.cloud.Shown[ref] = r
				r.Fields = maps.Clone(r.Fields)
				r.Fields["affinity"], r.Version = []string{"by hand"}, "by hand"
				w.cloud.State[ref] = r
			}
		}
	})
	w.wait(func() error { return same(w.one("web", "backend").Fields.One("affinity"), "false") })
}
