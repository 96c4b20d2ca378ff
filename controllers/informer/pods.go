package informer

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/event"
)

// PodIndex watches Pods and knows which namespaces have one with an address. It
// keeps of a Pod its name and its addresses: a hundred thousand Pods themselves
// would take more memory than all else in the manager.
type PodIndex struct {
	lw   cache.ListerWatcher
	came chan event.TypedGenericEvent[*corev1.Namespace]

	mu     sync.RWMutex
	pods   map[types.NamespacedName][]netip.Addr
	byAddr map[netip.Addr][]owners
	news   map[string]bool // namespaces
	synced chan struct{}
	once   sync.Once
}

// owners is how many Pods of a namespace have an address: on the host's network
// there can be many.
type owners struct {
	namespace string
	pods      int
}

// NewPodIndex makes an index of all Pods.
func NewPodIndex(c rest.Interface) *PodIndex {
	return newPodIndex(cache.NewFilteredListWatchFromClient(c, "pods", metav1.NamespaceAll, func(*metav1.ListOptions) {}))
}

func newPodIndex(lw cache.ListerWatcher) *PodIndex {
	return &PodIndex{
		lw: lw, came: make(chan event.TypedGenericEvent[*corev1.Namespace], 1), pods: map[types.NamespacedName][]netip.Addr{},
		byAddr: map[netip.Addr][]owners{}, news: map[string]bool{}, synced: make(chan struct{}),
	}
}

// Came has an event in it while there are namespaces where a Pod has got or lost
// an address, until [PodIndex.TakeNews] takes them.
func (x *PodIndex) Came() <-chan event.TypedGenericEvent[*corev1.Namespace] { return x.came }

// TakeNews takes the namespaces where a Pod has got or lost an address since it
// was last called.
func (x *PodIndex) TakeNews() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := slices.Sorted(maps.Keys(x.news))
	clear(x.news)
	return out
}

// Start watches until ctx ends.
func (x *PodIndex) Start(ctx context.Context) error {
	cache.NewReflectorWithOptions(x.lw, &corev1.Pod{}, (*podStore)(x), cache.ReflectorOptions{Name: "pods"}).RunWithContext(ctx)
	return nil
}

// NeedLeaderElection is false, so that a manager that takes over knows the Pods.
func (x *PodIndex) NeedLeaderElection() bool { return false }

// WaitForSync waits until all Pods have been listed once.
func (x *PodIndex) WaitForSync(ctx context.Context) error {
	select {
	case <-x.synced:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("listing Pods: %w", ctx.Err())
	}
}

// Namespaces are those with a Pod that has the address and has not ended.
func (x *PodIndex) Namespaces(a netip.Addr) (out []string) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, o := range x.byAddr[a] {
		out = append(out, o.namespace)
	}
	return out
}

func (x *PodIndex) put(p *corev1.Pod) {
	key, now := types.NamespacedName{Namespace: word(p.Namespace), Name: p.Name}, addressesOf(p)
	x.mu.Lock()
	defer x.mu.Unlock()
	if slices.Equal(x.pods[key], now) {
		return
	}
	x.forget(key)
	if len(now) == 0 {
		return
	}
	x.pods[key] = now
	x.tell(key.Namespace)
	for _, a := range now {
		list := x.byAddr[a]
		if at := slices.IndexFunc(list, func(o owners) bool { return o.namespace == key.Namespace }); at >= 0 {
			list[at].pods++
			continue
		}
		x.byAddr[a] = append(list, owners{key.Namespace, 1})
	}
}

// tell has news of a namespace. The index is locked.
func (x *PodIndex) tell(namespace string) {
	x.news[namespace] = true
	select {
	case x.came <- event.TypedGenericEvent[*corev1.Namespace]{Object: &corev1.Namespace{}}:
	default: // there is one in it
	}
}

// forget takes a Pod out. That is news: a slice may still have the address, and
// another namespace's Pod get it. The index is locked.
func (x *PodIndex) forget(key types.NamespacedName) {
	if len(x.pods[key]) > 0 {
		x.tell(key.Namespace)
	}
	for _, a := range x.pods[key] {
		list := x.byAddr[a]
		at := slices.IndexFunc(list, func(o owners) bool { return o.namespace == key.Namespace })
		if list[at].pods--; list[at].pods > 0 {
			continue
		}
		if list = slices.Delete(list, at, at+1); len(list) == 0 {
			delete(x.byAddr, a)
			continue
		}
		x.byAddr[a] = list
	}
	delete(x.pods, key)
}

// addressesOf are none for a Pod that has ended: another may have them by now.
func addressesOf(p *corev1.Pod) (out []netip.Addr) {
	if p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
		return nil
	}
	for _, ip := range p.Status.PodIPs {
		if a, err := netip.ParseAddr(ip.IP); err == nil {
			out = append(out, a.Unmap())
		}
	}
	return out
}

// podStore is the index as a reflector sees it.
type podStore PodIndex

func (s *podStore) index() *PodIndex { return (*PodIndex)(s) }

// Transformer has the reflector keep no whole Pods either.
func (s *podStore) Transformer() cache.TransformFunc {
	return func(o any) (any, error) {
		p, ok := o.(*corev1.Pod)
		if !ok {
			return o, nil
		}
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name, UID: p.UID, ResourceVersion: p.ResourceVersion},
			Status: corev1.PodStatus{Phase: p.Status.Phase, PodIPs: p.Status.PodIPs}}, nil
	}
}

// Add is that of cache.ReflectorStore.
func (s *podStore) Add(o any) error {
	p, ok := o.(*corev1.Pod)
	if !ok {
		return fmt.Errorf("watching Pods: got a %T", o)
	}
	s.index().put(p)
	return nil
}

// Update is that of cache.ReflectorStore.
func (s *podStore) Update(o any) error { return s.Add(o) }

// Delete is that of cache.ReflectorStore.
func (s *podStore) Delete(o any) error {
	p, ok := o.(*corev1.Pod)
	if !ok {
		return fmt.Errorf("watching Pods: got a %T", o)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index().forget(types.NamespacedName{Namespace: p.Namespace, Name: p.Name})
	return nil
}

// Replace is that of cache.ReflectorStore: what is not in the list is gone.
func (s *podStore) Replace(list []any, _ string) error {
	there := make(map[types.NamespacedName]bool, len(list))
	for _, o := range list {
		if p, ok := o.(*corev1.Pod); ok {
			there[types.NamespacedName{Namespace: p.Namespace, Name: p.Name}] = true
		}
	}
	s.mu.Lock()
	for key := range s.pods {
		if !there[key] {
			s.index().forget(key)
		}
	}
	s.mu.Unlock()
	for _, o := range list {
		if err := s.Add(o); err != nil {
			return err
		}
	}
	s.once.Do(func() { close(s.synced) })
	return nil
}

// Resync is that of cache.ReflectorStore; there is nothing to repeat.
func (s *podStore) Resync() error { return nil }
