package node

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the controller's own.
type Metrics struct {
	allocations *prometheus.CounterVec
	delay       prometheus.Histogram
	releases    prometheus.Counter
	waiting     prometheus.Gauge
	writes      prometheus.Gauge
}

// NewMetrics makes and registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		allocations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vpcnative_node_allocations_total",
			Help: "Tries to give a Node its pod range, by result: Published, or the reason why the Node waits.",
		}, []string{"result"}),
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "vpcnative_node_allocation_seconds",
			Help:    "Time from a Node's creation to its podCIDRs.",
			Buckets: prometheus.ExponentialBuckets(0.005, 2, 18),
		}),
		releases: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vpcnative_node_releases_total",
			Help: "Pod ranges that were taken back and rest.",
		}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "vpcnative_nodes_waiting_for_space",
			Help: "Nodes that wait for room in a range.",
		}),
		writes: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "vpcnative_claims_ledger_writes",
			Help: "Writes of the claims ledger since this manager leads.",
		}),
	}
	reg.MustRegister(m.allocations, m.delay, m.releases, m.waiting, m.writes)
	return m
}

func (m *Metrics) allocated(delay time.Duration) {
	m.allocations.WithLabelValues("Published").Inc()
	m.delay.Observe(delay.Seconds())
}

func (m *Metrics) refused(reason string) { m.allocations.WithLabelValues(reason).Inc() }

func (m *Metrics) released() { m.releases.Inc() }

func (m *Metrics) observe(waiting int, writes int64) {
	m.waiting.Set(float64(waiting))
	m.writes.Set(float64(writes))
}
