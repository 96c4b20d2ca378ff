package ranges

import "github.com/prometheus/client_golang/prometheus"

// Metrics are the controller's own.
type Metrics struct {
	capacity, allocated, nodes, waiting *prometheus.GaugeVec
	failures                            *prometheus.CounterVec
}

// NewMetrics makes and registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	gauge := func(name, help string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"request"})
		reg.MustRegister(g)
		return g
	}
	m := &Metrics{
		capacity:  gauge("vpcnative_range_capacity_addresses", "Addresses of a RangeRequest's ranges."),
		allocated: gauge("vpcnative_range_allocated_addresses", "Addresses of them that Nodes hold."),
		nodes:     gauge("vpcnative_range_nodes", "Nodes that hold a piece of a RangeRequest's ranges."),
		waiting:   gauge("vpcnative_range_waiting_nodes", "Nodes that wait for room in a RangeRequest's ranges."),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vpcnative_range_failures_total",
			Help: "Tries to grant or remove a RangeRequest that failed, by reason.",
		}, []string{"request", "reason"}),
	}
	reg.MustRegister(m.failures)
	return m
}

func (m *Metrics) observe(request string, u Use) {
	m.capacity.WithLabelValues(request).Set(u.Capacity.Float64())
	m.allocated.WithLabelValues(request).Set(u.Allocated.Float64())
	m.nodes.WithLabelValues(request).Set(float64(len(u.Nodes)))
	m.waiting.WithLabelValues(request).Set(float64(u.Waiting))
}

func (m *Metrics) failed(request, reason string) { m.failures.WithLabelValues(request, reason).Inc() }

func (m *Metrics) forget(request string) {
	for _, g := range []*prometheus.GaugeVec{m.capacity, m.allocated, m.nodes, m.waiting} {
		g.DeleteLabelValues(request)
	}
}
