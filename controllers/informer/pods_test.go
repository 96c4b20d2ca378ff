package informer

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func pod(namespace, name string, phase corev1.PodPhase, ips ...string) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Status: corev1.PodStatus{Phase: phase}}
	for _, ip := range ips {
		p.Status.PodIPs = append(p.Status.PodIPs, corev1.PodIP{IP: ip})
	}
	return p
}

// TestTheIndexKnowsWhatAListOfAllPodsKnows, whatever came and went before.
func TestTheIndexKnowsWhatAListOfAllPodsKnows(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 9))
		x, now := newPodIndex(nil), map[string]*corev1.Pod{}
		store := (*podStore)(x)
		some := func() *corev1.Pod {
			phase := []corev1.PodPhase{corev1.PodPending, corev1.PodRunning, corev1.PodFailed}[r.IntN(3)]
			var ips []string
			for range r.IntN(3) {
				ips = append(ips, fmt.Sprintf("10.0.0.%d", r.IntN(6)))
			}
			return pod([]string{"a", "b"}[r.IntN(2)], fmt.Sprint("p", r.IntN(6)), phase, slices.Compact(ips)...)
		}
		for range 60 {
			p := some()
			key := p.Namespace + "/" + p.Name
			switch r.IntN(8) {
			case 0:
				_ = store.Delete(p)
				delete(now, key)
			case 1: // a new list
				var list []any
				for k, had := range now {
					if r.IntN(2) == 0 {
						delete(now, k)
						continue
					}
					list = append(list, had)
				}
				_ = store.Replace(list, "")
			default:
				_ = store.Update(p)
				now[key] = p
			}
			for i := range 6 {
				a, want := netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), []string{}
				for _, p := range now {
					if slices.Contains(addressesOf(p), a) && !slices.Contains(want, p.Namespace) {
						want = append(want, p.Namespace)
					}
				}
				got := x.Namespaces(a)
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Fatalf("seed %d: %s is of %v, want %v", seed, a, got, want)
				}
			}
		}
	}
}

// TestAddressesThatComeAndGoAreNews, and nothing else is: one that goes may be
// another namespace's next.
func TestAddressesThatComeAndGoAreNews(t *testing.T) {
	t.Parallel()
	x := newPodIndex(nil)
	for i, c := range []struct {
		pod  *corev1.Pod
		news bool
	}{
		{pod("shop", "web", corev1.PodPending), false}, {pod("shop", "web", corev1.PodPending, "10.0.0.1"), true}, {pod("shop", "web", corev1.PodRunning, "10.0.0.1"), false},
		{pod("shop", "web", corev1.PodRunning, "10.0.0.1", "2001:db8::1"), true}, {pod("shop", "web", corev1.PodSucceeded, "10.0.0.1"), true}, {pod("shop", "web", corev1.PodSucceeded, "10.0.0.1"), false},
	} {
		if err := (*podStore)(x).Update(c.pod); err != nil {
			t.Fatal(err)
		}
		if got := x.TakeNews(); (len(got) > 0) != c.news {
			t.Errorf("%d: news of %v", i, got)
		}
	}
	last := pod("shop", "web", corev1.PodRunning, "10.0.0.1")
	for _, change := range []func() error{func() error { return (*podStore)(x).Add(last) }, func() error { return (*podStore)(x).Delete(last) },
		func() error { return (*podStore)(x).Add(last) }, func() error { return (*podStore)(x).Replace(nil, "") }} {
		if err := change(); err != nil || !slices.Equal(x.TakeNews(), []string{"shop"}) {
			t.Errorf("an address came or went, and is no news: %v", err)
		}
	}
	if len(x.Came()) != 1 {
		t.Error("nobody is told that there is news")
	}
}
