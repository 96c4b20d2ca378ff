package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// view tells of the board what one cluster shows.
type view struct {
	*board
	cluster string
}

// of names an object of the cluster.
func (v view) of(name string) string {
	if v.several.Load() {
		return v.cluster + "/" + name
	}
	return name
}

// watch follows the API server's Watch events until ctx is done. What is
// there already is not told.
func (v view) watch(ctx context.Context, cfg *rest.Config) error {
	watched, err := cache.New(cfg, cache.Options{Scheme: scheme()})
	if err != nil {
		return err
	}
	for object, handle := range map[client.Object]func(old, now any){
		&corev1.Node{}:    func(old, now any) { v.node(as[corev1.Node](old), as[corev1.Node](now)) },
		&corev1.Service{}: func(old, now any) { v.service(as[corev1.Service](old), as[corev1.Service](now)) },
		&networkingv1.ServiceCIDR{}: func(old, now any) {
			v.serviceCIDR(as[networkingv1.ServiceCIDR](old), as[networkingv1.ServiceCIDR](now))
		},
		&v1alpha1.Network{}:      func(old, now any) { v.network(as[v1alpha1.Network](old), as[v1alpha1.Network](now)) },
		&v1alpha1.RangeRequest{}: func(old, now any) { v.request(as[v1alpha1.RangeRequest](old), as[v1alpha1.RangeRequest](now)) },
	} {
		informer, err := watched.GetInformer(ctx, object, cache.BlockUntilSynced(false))
		if err != nil {
			return err
		}
		if _, err := informer.AddEventHandler(toolscache.ResourceEventHandlerDetailedFuncs{
			AddFunc: func(now any, before bool) {
				if !before {
					handle(nil, now)
				}
			},
			UpdateFunc: handle,
			DeleteFunc: func(old any) { handle(old, nil) },
		}); err != nil {
			return err
		}
	}
	go func() { _ = watched.Start(ctx) }()
	soon, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if !watched.WaitForCacheSync(soon) {
		return fmt.Errorf("it did not list what the demo watches within %s", patience)
	}
	return nil
}

// as is nil where there is no object; a deletion that was missed comes as a
// tombstone.
func as[T any](o any) *T {
	if gone, ok := o.(toolscache.DeletedFinalStateUnknown); ok {
		o = gone.Obj
	}
	t, _ := o.(*T)
	return t
}

func (v view) node(old, now *corev1.Node) {
	if now == nil {
		v.gone(old)
		return
	}
	v.mu.Lock()
	v.nodes[now.Name] = now
	if old == nil {
		v.seen[now.Name] = time.Now()
	}
	took := time.Since(v.seen[now.Name])
	before, again := v.earlier[now.Spec.PodCIDR]
	v.mu.Unlock()
	if old == nil {
		v.look() // the VM came before
		v.tell(event{source: "node", subject: now.Name, what: fmt.Sprintf("registered, max pods %s, no podCIDR", now.Status.Capacity.Pods())})
		old = &corev1.Node{}
	}
	if now.Spec.PodCIDR != "" && old.Spec.PodCIDR == "" {
		if again {
			v.giveAgain(now, time.Since(before.over))
		}
		v.look() // what the cloud shows came before
		detail := fmt.Sprintf("%s %s", bold(now.Spec.PodCIDR), faint(fmt.Sprintf("in %.2f s", took.Seconds())))
		if again {
			detail += faint(fmt.Sprintf("; %s had it until %.1f s ago", before.node, time.Since(before.over).Seconds()))
		}
		v.tell(event{source: "node", subject: now.Name, what: "podCIDR", detail: detail, alone: again})
	}
	was, is := invariants.Condition(*old), invariants.Condition(*now)
	switch {
	case is == nil || was != nil && was.Status == is.Status && was.Reason == is.Reason:
	case is.Status == corev1.ConditionFalse:
		v.tell(event{source: "node", subject: now.Name, what: "ready for pods, NetworkUnavailable is False", late: true})
	default:
		what := "waits, " + is.Reason
		if v.first(is.Reason) {
			what += ": " + is.Message
		}
		v.tell(event{source: "node", subject: now.Name, what: what})
	}
}

func (b *board) giveAgain(n *corev1.Node, rested time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.again[n.Name] = rested
}

func (v view) gone(n *corev1.Node) {
	v.mu.Lock()
	delete(v.nodes, n.Name)
	if n.Spec.PodCIDR != "" {
		over, told := v.leaving[n.Name]
		if !told {
			over = time.Now()
		}
		v.earlier[n.Spec.PodCIDR] = lease{n.Name, over}
	}
	v.mu.Unlock()
	v.tell(event{source: "node", subject: n.Name, what: "deleted"})
}
