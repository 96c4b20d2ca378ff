package service

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/service/build"
)

func makeInternal(s *corev1.Service) { s.Annotations[build.SchemeAnnotation] = "Internal" }

// doors are those that a Service has.
func (w *world) doors(service string) (out []string) {
	for _, r := range w.cloud.Of(w.owner(service)) {
		if r.Kind == "door" {
			out = append(out, r.Name)
		}
	}
	return out
}

// TestClientsAreToldBeforeTheOldOneGoes: the status shows the new address, and
// has for a while, before what is at the old one goes; until the new one is
// whole it shows the old one.
func TestClientsAreToldBeforeTheOldOneGoes(t *testing.T) {
	w := newWorld(t, "n1")
	w.cfg.AddressHold = time.Second
	w.start()
	w.service("web", nil)
	w.expect("web", v1alpha1.ReasonEnsured, 1)
	was, old := w.get("web").Status.LoadBalancer.Ingress[0].IP, w.doors("web")[0]
	no := errors.New("no")
	w.cloud.With(func() {
		w.cloud.Fail = func(a lb.Action) error {
			if a.Kind == "door" && a.Verb == lb.Create {
				return &cloud.Error{Reason: cloud.QuotaExceeded, Act: "make a door", Err: no}
			}
			return nil
		}
	})
	w.edit("web", makeInternal)
	w.expect("web", string(cloud.QuotaExceeded), 1)
	if now := w.get("web").Status.LoadBalancer.Ingress[0].IP; now != was || !slices.Contains(w.doors("web"), old) {
		t.Errorf("clients are told of %s, and the doors are %v; it was at %s", now, w.doors("web"), was)
	}
	w.cloud.With(func() { w.cloud.Fail = nil })
	w.wait(func() error {
		if now := w.get("web").Status.LoadBalancer.Ingress[0].IP; now == was {
			return fmt.Errorf("clients are still told of %s", now)
		}
		return nil
	})
	if all := w.doors("web"); len(all) != 2 {
		t.Errorf("the old one went at once: %v", all)
	}
	w.wait(func() error {
		if all := w.doors("web"); len(all) != 1 || all[0] == old {
			return fmt.Errorf("there are %v", all)
		}
		return nil
	})
	w.expect("web", v1alpha1.ReasonEnsured, 1)
	w.settles()
}

// TestWhatLingersIsAWait: no Warning, and the deletion goes on.
func TestWhatLingersIsAWait(t *testing.T) {
	w := newWorld(t, "n1")
	w.start()
	s := w.service("web", nil)
	w.expect("web", v1alpha1.ReasonEnsured, 1)
	lingers := true
	w.cloud.With(func() {
		w.cloud.Fail = func(a lb.Action) error {
			if a.Kind == "wall" && a.Verb == lb.Delete && lingers {
				return &lb.Lingers{Err: &cloud.Error{Reason: cloud.Conflict, Act: "delete the wall", Err: errors.New("it is in use")}}
			}
			return nil
		}
	})
	w.delete(s)
	w.expect("web", v1alpha1.ReasonPending, 1)
	w.cloud.With(func() { lingers = false })
	w.left("web", 0)
	w.wait(func() error {
		if w.get("web") != nil {
			return errors.New("it is still there")
		}
		return nil
	})
}
