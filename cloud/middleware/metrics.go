package middleware

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vpcnative/vpcnative/cloud"
)

// ok is the result of a call that succeeded; the others are cloud's reasons.
const ok cloud.Reason = "OK"

// latencyBuckets reach from a read in the same region to a hung call, in
// seconds.
var latencyBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// metrics keeps each method's series at hand, so that counting a call costs
// no look-up by label text.
type metrics struct {
	calls    *prometheus.CounterVec
	duration *prometheus.HistogramVec
	methods  sync.Map // method -> *methodSeries
}

type methodSeries struct {
	duration prometheus.Observer
	results  sync.Map // cloud.Reason -> prometheus.Counter
}

// Metrics counts calls by method and result and measures how long each
// takes. Put it innermost.
func Metrics(registry prometheus.Registerer) (cloud.Hook, error) {
	m := &metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vpcnative_cloud_calls_total",
			Help: "Cloud API calls, by method and result (OK or the error's reason).",
		}, []string{"method", "result"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "vpcnative_cloud_call_duration_seconds",
			Help:    "Duration of cloud API calls, by method.",
			Buckets: latencyBuckets,
		}, []string{"method"}),
	}
	if err := register(registry, m.calls, m.duration); err != nil {
		return nil, err
	}
	return m.hook, nil
}

func (m *metrics) hook(ctx context.Context, call cloud.Call, next func(context.Context) error) error {
	start := time.Now()
	err := next(ctx)
	s := m.of(call.Method)
	s.duration.Observe(time.Since(start).Seconds())
	result := cloud.ReasonOf(err)
	if err == nil {
		result = ok
	}
	m.counter(s, call.Method, result).Inc()
	return err
}

func (m *metrics) of(method string) *methodSeries {
	if s, found := m.methods.Load(method); found {
		return s.(*methodSeries)
	}
	s, _ := m.methods.LoadOrStore(method, &methodSeries{duration: m.duration.WithLabelValues(method)})
	return s.(*methodSeries)
}

func (m *metrics) counter(s *methodSeries, method string, result cloud.Reason) prometheus.Counter {
	if c, found := s.results.Load(result); found {
		return c.(prometheus.Counter)
	}
	c, _ := s.results.LoadOrStore(result, m.calls.WithLabelValues(method, string(result)))
	return c.(prometheus.Counter)
}

func register(registry prometheus.Registerer, all ...prometheus.Collector) error {
	for _, c := range all {
		if err := registry.Register(c); err != nil {
			return err
		}
	}
	return nil
}
