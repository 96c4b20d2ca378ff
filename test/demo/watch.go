package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// watch follows the API server's Watch events until ctx is done.
func (b *board) watch(ctx context.Context, cfg *rest.Config, scheme *runtime.Scheme) error {
	watched, err := cache.New(cfg, cache.Options{Scheme: scheme})
	if err != nil {
		return err
	}
	for object, handle := range map[client.Object]func(old, now any){
		&corev1.Node{}:           func(old, now any) { b.node(as[corev1.Node](old), as[corev1.Node](now)) },
		&v1alpha1.Network{}:      func(old, now any) { b.network(as[v1alpha1.Network](old), as[v1alpha1.Network](now)) },
		&v1alpha1.RangeRequest{}: func(old, now any) { b.request(as[v1alpha1.RangeRequest](old), as[v1alpha1.RangeRequest](now)) },
	} {
		informer, err := watched.GetInformer(ctx, object, cache.BlockUntilSynced(false))
		if err != nil {
			return err
		}
		if _, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
			AddFunc:    func(now any) { handle(nil, now) },
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
		return fmt.Errorf("it did not list Nodes, Networks and RangeRequests within %s", patience)
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

func (b *board) node(old, now *corev1.Node) {
	if now == nil {
		b.gone(old)
		return
	}
	b.mu.Lock()
	b.nodes[now.Name] = now
	if old == nil {
		b.seen[now.Name] = time.Now()
	}
	took := time.Since(b.seen[now.Name])
	before, again := b.earlier[now.Spec.PodCIDR]
	b.mu.Unlock()
	if old == nil {
		b.tell(event{source: "node", subject: now.Name, what: fmt.Sprintf("registered, max pods %s, no podCIDR", now.Status.Capacity.Pods())})
		old = &corev1.Node{}
	}
	if now.Spec.PodCIDR != "" && old.Spec.PodCIDR == "" {
		if again {
			b.giveAgain(now, time.Since(before.over))
		}
		b.look() // what the cloud shows came before
		detail := fmt.Sprintf("%s %s", bold(now.Spec.PodCIDR), faint(fmt.Sprintf("%.2f s after it registered", took.Seconds())))
		if again {
			detail += faint(fmt.Sprintf("; %s had it until %.1f s ago", before.node, time.Since(before.over).Seconds()))
		}
		b.tell(event{source: "node", subject: now.Name, what: "podCIDR", detail: detail, alone: true})
	}
	was, is := invariants.Condition(*old), invariants.Condition(*now)
	switch {
	case is == nil || was != nil && was.Status == is.Status && was.Reason == is.Reason:
	case is.Status == corev1.ConditionFalse:
		b.tell(event{source: "node", subject: now.Name, what: "ready for pods, NetworkUnavailable is False", late: true})
	default:
		b.tell(event{source: "node", subject: now.Name, what: "waits, " + is.Reason + ": " + is.Message})
	}
}

func (b *board) giveAgain(n *corev1.Node, rested time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.again[n.Name] = rested
}

func (b *board) gone(n *corev1.Node) {
	b.mu.Lock()
	delete(b.nodes, n.Name)
	if n.Spec.PodCIDR != "" {
		b.earlier[n.Spec.PodCIDR] = lease{n.Name, time.Now()}
	}
	b.mu.Unlock()
	b.tell(event{source: "node", subject: n.Name, what: "deleted"})
}

func (b *board) network(old, now *v1alpha1.Network) {
	switch {
	case now == nil:
		b.tell(event{source: "network", subject: old.Name, what: "deleted"})
		return
	case old == nil:
		old = &v1alpha1.Network{}
		b.tell(event{source: "network", subject: now.Name, what: "applied"})
	}
	if len(now.Status.Free) > 0 && (len(old.Status.Free) == 0 || old.Status.Free[0].Addresses != now.Status.Free[0].Addresses) {
		f := now.Status.Free[0]
		b.tell(event{source: "network", subject: now.Name, what: "read:",
			detail: fmt.Sprintf("%d blocks occupied, %d %% free", now.Status.OccupiedCount, f.Share)})
	}
	b.condition("network", now.Name, old.Status.Conditions, now.Status.Conditions)
}

func (b *board) request(old, now *v1alpha1.RangeRequest) {
	switch {
	case now == nil:
		b.tell(event{source: "rangerequest", subject: old.Name, what: "deleted"})
		return
	case old == nil:
		old = &v1alpha1.RangeRequest{}
		b.tell(event{source: "rangerequest", subject: now.Name, what: "applied"})
	}
	b.mu.Lock()
	b.used = now.Status.Utilisation
	b.mu.Unlock()
	if old.DeletionTimestamp == nil && now.DeletionTimestamp != nil {
		b.tell(event{source: "rangerequest", subject: now.Name, what: "is to be deleted"})
	}
	if old.Status.Nodes != now.Status.Nodes || old.Status.WaitingNodes != now.Status.WaitingNodes {
		b.tell(event{source: "rangerequest", subject: now.Name, what: "in use:",
			detail: fmt.Sprintf("%d nodes, %d %%, %d waiting", now.Status.Nodes, now.Status.Utilisation, now.Status.WaitingNodes)})
	}
	b.condition("rangerequest", now.Name, old.Status.Conditions, now.Status.Conditions)
}

// condition tells a change of Ready.
func (b *board) condition(source, name string, old, now []metav1.Condition) {
	was, is := meta.FindStatusCondition(old, v1alpha1.ConditionReady), meta.FindStatusCondition(now, v1alpha1.ConditionReady)
	if is == nil || was != nil && was.Status == is.Status && was.Reason == is.Reason {
		return
	}
	b.tell(event{source: source, subject: name, what: is.Reason + ":", detail: is.Message})
}
