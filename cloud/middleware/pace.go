package middleware

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/vpcnative/vpcnative/cloud"
)

// PaceConfig bounds how fast calls go out, per scope, reads and changes
// apart. The zero value is usable.
type PaceConfig struct {
	// Max is the rate to slow down from, in calls a second (default 200). A
	// scope whose calls are not throttled has no limit of ours: we slow down
	// when told to, not before.
	Max float64
	// Min is the rate that throttling never pushes below (default 1).
	Min float64
	// Bucket gives the token bucket that the cloud is known to have for a call,
	// so that calls wait before it would refuse them. A rate of 0, and a nil
	// Bucket, is no such knowledge: then Max holds.
	Bucket func(cloud.Call) (perSecond float64, burst int)
	// Every is how long a rate is kept at least before it is halved or
	// raised again (default 1 s): a burst of refusals is one message.
	Every time.Duration
}

func (c PaceConfig) withDefaults() PaceConfig {
	if c.Max == 0 {
		c.Max = 200
	}
	if c.Min == 0 {
		c.Min = 1
	}
	if c.Every == 0 {
		c.Every = time.Second
	}
	return c
}

// recovery is the share of the full rate by which a rate rises each time.
const recovery = 1.0 / 50

type pacer struct {
	PaceConfig
	wait   *prometheus.HistogramVec
	rates  *prometheus.GaugeVec
	scopes sync.Map // paceKey -> *paced
}

type paceKey struct {
	scope   string
	mutates bool
}

// paced is one scope's reads or changes.
type paced struct {
	max   float64 // the rate while nothing is throttled
	burst int     // of the cloud's bucket; 0 where none is known
	*rate.Limiter
	wait prometheus.Observer
	rate prometheus.Gauge

	slow atomic.Bool // there is a limit of ours

	mu      sync.Mutex
	limit   float64
	changed time.Time
}

// Pace makes calls wait their turn: in the bucket that the cloud has for them,
// where that is known. It halves a scope's rate when the cloud
// throttles a call, and raises it by a step at a time while calls succeed,
// until there is no need for a limit. A call gives up waiting only with its context.
func Pace(c PaceConfig, registry prometheus.Registerer) (cloud.Hook, error) {
	p := &pacer{
		PaceConfig: c.withDefaults(),
		wait: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "vpcnative_cloud_queue_wait_seconds",
			Help:    "Time that rate-limited cloud API calls waited, by kind (read or change).",
			Buckets: latencyBuckets,
		}, []string{"kind"}),
		rates: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vpcnative_cloud_rate_limit",
			Help: "Current client-side limit of cloud API calls per second, by scope and kind.",
		}, []string{"scope", "kind"}),
	}
	if err := register(registry, p.wait, p.rates); err != nil {
		return nil, err
	}
	return p.hook, nil
}

func (p *pacer) hook(ctx context.Context, call cloud.Call, next func(context.Context) error) error {
	s := p.of(call)
	if s.slow.Load() && !s.Allow() {
		start := time.Now()
		err := s.Wait(ctx)
		s.wait.Observe(time.Since(start).Seconds())
		if err != nil {
			return notSent(call, err)
		}
	}
	err := next(ctx)
	switch {
	case cloud.Is(err, cloud.Throttled):
		p.slowDown(s)
	case err == nil && s.slow.Load():
		p.recover(s)
	}
	return err
}

// notSent says for sure that nothing was changed.
func notSent(call cloud.Call, err error) error {
	return &cloud.Error{
		Reason: cloud.Throttled, Act: call.Method, Resource: call.Scope,
		Err:    fmt.Errorf("waiting for a turn: %w", err),
		Remedy: "the cloud throttles us; have the API rate quota raised if this lasts",
	}
}

func (p *pacer) of(call cloud.Call) *paced {
	key := paceKey{call.Scope, call.Mutates}
	if s, found := p.scopes.Load(key); found {
		return s.(*paced)
	}
	kind := "read"
	if call.Mutates {
		kind = "change"
	}
	s := &paced{max: p.Max, wait: p.wait.WithLabelValues(kind), rate: p.rates.WithLabelValues(call.Scope, kind)}
	if p.Bucket != nil {
		if perSecond, burst := p.Bucket(call); perSecond > 0 {
			s.max, s.burst = perSecond, burst
		}
	}
	s.limit = s.max
	s.Limiter = rate.NewLimiter(rate.Limit(s.max), s.burstAt(s.max))
	s.slow.Store(s.burst > 0)
	kept, _ := p.scopes.LoadOrStore(key, s)
	return kept.(*paced)
}

// burstAt is the burst at a limit: the cloud's own where nothing is throttled,
// else a tenth of a second's calls, one at least.
func (s *paced) burstAt(limit float64) int {
	if limit == s.max && s.burst > 0 {
		return s.burst
	}
	return max(1, int(limit/10))
}

func (p *pacer) slowDown(s *paced) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.slow.Load() && time.Since(s.changed) < p.Every {
		return
	}
	p.set(s, max(s.limit/2, min(p.Min, s.max/4)))
}

func (p *pacer) recover(s *paced) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit < s.max && time.Since(s.changed) >= p.Every {
		p.set(s, min(s.limit+s.max*recovery, s.max))
	}
}

func (p *pacer) set(s *paced, limit float64) {
	s.limit, s.changed = limit, time.Now()
	s.SetLimit(rate.Limit(limit))
	s.SetBurst(s.burstAt(limit))
	s.slow.Store(limit < s.max || s.burst > 0)
	s.rate.Set(limit)
}
