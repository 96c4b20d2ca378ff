package services

import (
	"context"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// guard stands before every change in the cloud: one that comes while no
// Service carries our finalizer comes too early or too late.
type guard struct {
	mu      sync.Mutex
	changes []string // "forwardingRules.insert name"
	// sweeping: shared things may go when no Service is left.
	sweeping bool
	off      bool // what the test itself does by hand
}

func (g *guard) watch(w *world) {
	w.onChange(func(what string) {
		g.mu.Lock()
		skip := g.off
		if !skip {
			g.changes = append(g.changes, what)
		}
		skip = skip || g.sweeping
		g.mu.Unlock()
		if skip {
			return
		}
		var list corev1.ServiceList
		if err := w.api.List(context.Background(), &list, client.InNamespace(w.name)); err != nil {
			w.Error(err)
		}
		for i := range list.Items {
			if controllerutil.ContainsFinalizer(&list.Items[i], v1alpha1.LoadBalancerFinalizer) {
				return
			}
		}
		w.Errorf("%s, and no Service has the finalizer", what)
	})
}

// count forgets the changes so far, and gives how many there were.
func (g *guard) count() int { return len(g.take()) }

func (g *guard) take() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := g.changes
	g.changes = nil
	return out
}

func (g *guard) sweeps() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sweeping = true
}

// byHand does something in the cloud as somebody else.
func (g *guard) byHand(do func()) {
	g.mu.Lock()
	g.off = true
	g.mu.Unlock()
	do()
	g.mu.Lock()
	g.off = false
	g.mu.Unlock()
}

func (g *guard) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	const shown = 8
	return "changes of the cloud, the last ones:\n" + strings.Join(g.changes[max(0, len(g.changes)-shown):], "\n")
}
