package vpc

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// slow is a VPC whose reading takes a second.
type slow struct {
	mu    sync.Mutex
	reads int
	holds []cloud.Occupied
	err   error
}

func (s *slow) Read(ctx context.Context) (cloud.Snapshot, error) {
	s.mu.Lock()
	s.reads++
	out, err := cloud.Snapshot{Occupied: slices.Clone(s.holds)}, s.err
	s.mu.Unlock()
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return cloud.Snapshot{}, ctx.Err()
	}
	return out, err
}

func (s *slow) add(text string, kind cloud.Kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holds = append(s.holds, cloud.Occupied{Prefix: netip.MustParsePrefix(text), Kind: kind})
}

var at = cloud.Place{VPC: "projects/p/global/networks/prod", Region: "r1"}

func network(name string, supernets ...v1alpha1.CIDR) *v1alpha1.Network {
	n := &v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: name}}
	n.Spec.GCP = &v1alpha1.GCPNetwork{Project: "p", Network: "prod", Region: "r1"}
	n.Spec.Supernets = supernets
	return n
}

func with(t *testing.T, f func(t *testing.T, r *Reader, s *slow)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{}
		f(t, New(Config{Open: func(context.Context, *v1alpha1.Network) (cloud.VPC, error) {
			return cloud.VPC{Place: at, Space: s}, nil
		}}), s)
		time.Sleep(2 * limit)
	})
}

// TestAReadingIsSharedByWhoNeedsNoNewer: those who ask meanwhile, by whichever
// Network, and those who ask later and take an older one.
func TestAReadingIsSharedByWhoNeedsNoNewer(t *testing.T) {
	with(t, func(t *testing.T, r *Reader, s *slow) {
		began := time.Now()
		read := func(n *v1alpha1.Network, notBefore time.Time) {
			if _, err := r.Read(t.Context(), n, notBefore); err != nil {
				t.Error(err)
			}
		}
		var all sync.WaitGroup
		for _, name := range []string{"a", "b", "c"} {
			all.Go(func() { read(network(name), began) })
		}
		all.Wait()
		read(network("a"), began)
		if s.reads != 1 {
			t.Errorf("%d readings where one was fresh enough", s.reads)
		}
		read(network("a"), time.Now())
		if s.reads != 2 {
			t.Errorf("%d readings after one was asked for that begins now", s.reads)
		}
		all.Go(func() { read(network("a"), time.Now()) })
		time.Sleep(500 * time.Millisecond)
		read(network("b"), time.Now()) // the one under way began too early
		all.Wait()
		if s.reads != 4 {
			t.Errorf("%d readings after one that began before it was asked for", s.reads)
		}
	})
}

// TestThoseWhoNeedANewerReadingShareTheNext: however many ask while one is under
// way that began too early.
func TestThoseWhoNeedANewerReadingShareTheNext(t *testing.T) {
	with(t, func(t *testing.T, r *Reader, s *slow) {
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if _, err := r.Fresh(t.Context(), network("a")); err != nil {
					t.Error(err)
				}
			})
			time.Sleep(100 * time.Millisecond)
		}
		all.Wait()
		if s.reads != 2 {
			t.Errorf("%d readings for five who asked one after another", s.reads)
		}
	})
}

// TestWhatWeChangedIsReadAnew however old a reading the caller takes.
func TestWhatWeChangedIsReadAnew(t *testing.T) {
	with(t, func(t *testing.T, r *Reader, s *slow) {
		began := time.Now()
		var all sync.WaitGroup
		all.Go(func() { _, _ = r.Read(t.Context(), network("a"), began) })
		time.Sleep(500 * time.Millisecond)
		s.add("10.1.0.0/24", cloud.SecondaryRange)
		r.Changed(at)
		time.Sleep(time.Millisecond)
		got, err := r.Read(t.Context(), network("b"), began)
		if err != nil || len(got.Occupied) != 1 {
			t.Errorf("what was made is not there: %v (%v)", got.Occupied, err)
		}
		all.Wait()
		if got, _ = r.Read(t.Context(), network("a"), began); len(got.Occupied) != 1 || s.reads != 2 {
			t.Errorf("after %d readings the older one counts: %v", s.reads, got.Occupied)
		}
	})
}

// TestWhoStopsWaitingStopsNobody: the reading goes on for the others.
func TestWhoStopsWaitingStopsNobody(t *testing.T) {
	with(t, func(t *testing.T, r *Reader, s *slow) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		began := time.Now()
		if _, err := r.Read(ctx, network("a"), began); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the caller's end is %v", err)
		}
		if _, err := r.Read(t.Context(), network("b"), began); err != nil || s.reads != 1 {
			t.Errorf("the other got %v after %d readings", err, s.reads)
		}
	})
}

// TestErrorsAreForThoseWhoWaitedOnly.
func TestErrorsAreForThoseWhoWaitedOnly(t *testing.T) {
	with(t, func(t *testing.T, r *Reader, s *slow) {
		began := time.Now()
		s.err = errors.New("throttled")
		if _, err := r.Read(t.Context(), network("a"), began); err == nil {
			t.Error("no error")
		}
		s.err = nil
		if _, err := r.Read(t.Context(), network("a"), began); err != nil || s.reads != 2 {
			t.Errorf("%v after %d readings", err, s.reads)
		}
	})
}

// TestEachNetworkSeesItsSupernets in a reading that it shares.
func TestEachNetworkSeesItsSupernets(t *testing.T) {
	with(t, func(t *testing.T, r *Reader, s *slow) {
		s.add("10.0.0.0/12", cloud.DynamicRoute)
		began := time.Now()
		for cidr, around := range map[v1alpha1.CIDR]int{"10.2.0.0/16": 1, "10.0.0.0/10": 0} {
			got, err := r.Read(t.Context(), network("of-"+string(cidr[:4]), cidr), began)
			if err != nil || len(got.Around) != around || len(got.Occupied) != 1-around {
				t.Errorf("%s: %+v (%v)", cidr, got, err)
			}
		}
		if s.reads != 1 {
			t.Errorf("%d readings", s.reads)
		}
	})
}

// TestChangesOfRangesAreToldToEveryNetworkOfThem, and no other differences.
func TestChangesOfRangesAreToldToEveryNetworkOfThem(t *testing.T) {
	with(t, func(t *testing.T, r *Reader, s *slow) {
		var heard []string
		r.watches = append(r.watches, func(network string) { heard = append(heard, network) })
		read := func(name string, want ...string) {
			t.Helper()
			heard = nil
			_, _ = r.Read(t.Context(), network(name), time.Now())
			synctest.Wait()
			if !slices.Equal(heard, want) {
				t.Errorf("told %v, want %v", heard, want)
			}
		}
		read("a")
		read("b")
		s.add("10.1.0.0/24", cloud.SecondaryRange)
		read("b", "a", "b")
		s.add("10.9.0.0/28", cloud.StaticRoute)
		read("a")
		r.Forget("b")
		s.add("10.2.0.0/24", cloud.SecondaryRange)
		read("a", "a")
		r.Forget("a")
		if len(r.spaces) != 0 {
			t.Error("a VPC without Networks is remembered")
		}
	})
}
