package node

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vpcnative/vpcnative/controllers/node/drift"
)

// Metrics are the controller's own.
type Metrics struct {
	allocations *prometheus.CounterVec
	delay       prometheus.Histogram
	releases    prometheus.Counter
	releaseHeld prometheus.Gauge
	waiting     prometheus.Gauge
	writes      prometheus.Gauge
	blocked     *prometheus.GaugeVec
	rivalled    *prometheus.GaugeVec
	findings    *prometheus.GaugeVec
	repairs     *prometheus.CounterVec
}

// NewMetrics makes and registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		allocations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vpcnative_node_allocations_total",
			Help: "Allocations of node CIDRs, by result: Published, or the reason why the Node waits.",
		}, []string{"result"}),
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "vpcnative_node_allocation_seconds",
			Help:    "Time from a Node's creation to its podCIDRs.",
			Buckets: prometheus.ExponentialBuckets(0.005, 2, 18),
		}),
		releases: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vpcnative_node_releases_total",
			Help: "Node CIDRs that were released and quarantined.",
		}),
		releaseHeld: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "vpcnative_node_releases_held",
			Help: "Deleted Nodes whose CIDRs stay attached to their machines because too many vanished together.",
		}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "vpcnative_nodes_waiting_for_space",
			Help: "Nodes that wait for room in a range.",
		}),
		writes: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "vpcnative_claims_ledger_writes",
			Help: "Writes of the claims ledger since this manager became the leader.",
		}),
		blocked: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vpcnative_claims_ledger_blocked",
			Help: "1 while a ConfigMap of the claims ledger cannot be read or written.",
		}, []string{"configmap"}),
		rivalled: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vpcnative_range_allocator_conflict",
			Help: "1 while nothing is allocated from a RangeRequest because another allocator sets podCIDRs of its Nodes.",
		}, []string{"request"}),
		findings: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vpcnative_drift_findings",
			Help: "Differences between Nodes, interfaces and ranges found by the last comparison, by kind.",
		}, []string{"kind"}),
		repairs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vpcnative_drift_repairs_total",
			Help: "Differences that were repaired, by kind.",
		}, []string{"kind"}),
	}
	reg.MustRegister(m.allocations, m.delay, m.releases, m.releaseHeld, m.waiting, m.writes, m.blocked, m.rivalled, m.findings, m.repairs)
	return m
}

func (m *Metrics) allocated(delay time.Duration) {
	m.allocations.WithLabelValues("Published").Inc()
	m.delay.Observe(delay.Seconds())
}

func (m *Metrics) refused(reason string) { m.allocations.WithLabelValues(reason).Inc() }

func (m *Metrics) released() { m.releases.Inc() }

func (m *Metrics) held(n int) { m.releaseHeld.Set(float64(n)) }

func (m *Metrics) observe(waiting int, writes int64) {
	m.waiting.Set(float64(waiting))
	m.writes.Set(float64(writes))
}

func (m *Metrics) ledgerBlocked(configMaps ...string) {
	m.blocked.Reset()
	for _, name := range configMaps {
		m.blocked.WithLabelValues(name).Set(1)
	}
}

func (m *Metrics) drifted(found []drift.Finding) {
	count := map[drift.Kind]int{}
	for _, f := range found {
		count[f.Kind]++
	}
	for _, k := range drift.Kinds {
		m.findings.WithLabelValues(string(k)).Set(float64(count[k]))
	}
}

func (m *Metrics) repaired(k drift.Kind) { m.repairs.WithLabelValues(string(k)).Inc() }

// rivals shows how it stands with each request.
func (m *Metrics) rivals(stopped map[string]bool) {
	m.rivalled.Reset()
	for request, is := range stopped {
		v := 0.0
		if is {
			v = 1
		}
		m.rivalled.WithLabelValues(request).Set(v)
	}
}
