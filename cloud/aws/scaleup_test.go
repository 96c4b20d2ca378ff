package aws_test

import (
	"flag"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/middleware"
	"github.com/vpcnative/vpcnative/cloud/simulate"
)

var (
	unpaced = flag.Bool("scaleup.unpaced", false, "measure a scale-up without knowledge of the buckets too")
	factor  = flag.Int("scaleup.factor", 20, "so many times as fast as real time")
)

// fastClock runs so many times as fast as the machine's.
type fastClock struct {
	simulate.RealClock
	start  time.Time
	factor int
}

func (c fastClock) Now() time.Time { return c.start.Add(time.Since(c.start) * time.Duration(c.factor)) }

// TestScaleUp brings 500 nodes up at once against EC2's own token buckets:
// each interface is read, and gets its range.
func TestScaleUp(t *testing.T) {
	t.Parallel()
	scaleUp(t, "calls wait in EC2's buckets", aws.Bucket)
	if *unpaced {
		scaleUp(t, "calls slow down when told", nil)
	}
}

func scaleUp(t *testing.T, how string, bucket func(cloud.Call) (float64, int)) {
	const nodes = 500
	clock := fastClock{start: time.Now(), factor: *factor}
	scaled := func(d time.Duration) time.Duration { return d / time.Duration(*factor) }
	w := newWorld(t, awssim.Config{Instant: true, Clock: clock, Throttle: true})
	pace := middleware.PaceConfig{Every: scaled(time.Second)}
	if bucket != nil {
		pace.Bucket = func(c cloud.Call) (float64, int) {
			perSecond, burst := bucket(c)
			return perSecond * float64(*factor), burst
		}
	}
	hook, err := middleware.Pace(pace, prometheus.NewRegistry())
	w.must(err)
	vpc := w.connect(func(c *aws.Config) {
		c.Hook, c.BackoffMin, c.BackoffMax, c.Retries = hook, scaled(200*time.Millisecond), scaled(10*time.Second), 100
	})
	var ids []string
	for range nodes {
		ids = append(ids, w.add("m5.8xlarge", "vm"))
	}
	stalls := watchStalls(t)
	var all sync.WaitGroup
	for n, id := range ids {
		all.Go(func() {
			i, err := vpc.Interfaces.Get(t.Context(), id)
			if err == nil {
				_, err = vpc.Interfaces.Attach(t.Context(), i, cloud.Attachment{Prefix: nth(podRange, 27, n)})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	throttled, calls := 0, w.sim.Calls()
	for _, c := range calls {
		if c.Code == "RequestLimitExceeded" {
			throttled++
		}
	}
	// What would have gone out while this machine stood still comes at once
	// after it, and the faster the clock, the more that is: 20 reads and 5
	// changes a second of EC2's time.
	bunched := int(stalls().Seconds() * 25 * float64(*factor))
	t.Logf("%s: %d nodes in %s of EC2's time: %d calls made, %d of them throttled; this machine stood still for %s", how, nodes, clock.Now().Sub(clock.start).Round(time.Second), len(calls), throttled, stalls())
	if len(calls) < 2*nodes || bucket != nil && throttled > nodes/4+bunched {
		t.Errorf("%d calls, %d of them throttled, with %d that came in bunches: a storm", len(calls), throttled, bunched)
	}
}

// watchStalls returns for how long in all this machine did not run us, in pieces
// of 5 ms or more.
func watchStalls(t *testing.T) func() time.Duration {
	const nap, stall = 5 * time.Millisecond, 5 * time.Millisecond
	var sum atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for t.Context().Err() == nil {
			began := time.Now()
			time.Sleep(nap)
			if late := time.Since(began) - nap; late >= stall {
				sum.Add(int64(late))
			}
		}
	}()
	t.Cleanup(func() { <-done })
	return func() time.Duration { return time.Duration(sum.Load()) }
}

// For five minutes every second call is refused; all that is asked for comes.
func TestFiveMinutesOfThrottling(t *testing.T) {
	t.Parallel()
	clock := fastClock{start: time.Now(), factor: 300}
	w := newWorld(t, awssim.Config{Instant: true, Clock: clock})
	storm := w.sim.Inject(awssim.Fault{Every: 2, Error: awssim.Throttled()})
	var all sync.WaitGroup
	for n := range 8 {
		id := w.add("m5.8xlarge", "vm")
		all.Go(func() {
			a := cloud.Attachment{Prefix: nth(podRange, 26, n)}
			for more := true; more; {
				more = clock.Now().Sub(clock.start) < 5*time.Minute
				i, err := w.vpc.Interfaces.Get(t.Context(), id)
				if err == nil {
					_, err = w.vpc.Interfaces.Attach(t.Context(), i, a)
				}
				if err == nil && more {
					_, err = w.vpc.Interfaces.Detach(t.Context(), i, a)
				}
				switch {
				case cloud.Is(err, cloud.Throttled): // as often in a row as the adapter tries: its caller comes again
					more = true
				case err != nil:
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if storm.Hits() == 0 {
		t.Error("nothing was throttled")
	}
	storm.Remove()
	for i, err := range w.vpc.Interfaces.List(t.Context()) {
		if w.must(err); len(i.Attachments) != 1 {
			t.Errorf("%s has %v", i.Instance, i.Attachments)
		}
	}
}
