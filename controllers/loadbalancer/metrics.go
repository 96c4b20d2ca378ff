package loadbalancer

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// Metrics are the engine's own.
type Metrics struct {
	actions *prometheus.CounterVec
	shared  *prometheus.CounterVec
	orphans *prometheus.GaugeVec
}

// NewMetrics makes and registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		actions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vpcnative_balancer_actions_total", Help: "Actions on load balancer resources, by verb and result.",
		}, []string{"verb", "result"}),
		shared: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vpcnative_balancer_failures_total", Help: "Failures of shared load balancer work: reading, pools, garbage collection.",
		}, []string{"network", "reason"}),
		orphans: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vpcnative_balancer_orphans", Help: "Load balancer resources whose owner is gone.",
		}, []string{"network"}),
	}
	reg.MustRegister(m.actions, m.shared, m.orphans)
	return m
}

func (m *Metrics) acted(verb lb.Verb, err error) {
	result := "ok"
	if err != nil {
		result = string(cloud.ReasonOf(err))
	}
	m.actions.WithLabelValues(string(verb), result).Inc()
}

func (m *Metrics) pools(network string, err error) {
	m.shared.WithLabelValues(network, string(cloud.ReasonOf(err))).Inc()
}

func (m *Metrics) held(network string) {
	m.shared.WithLabelValues(network, v1alpha1.ReasonMassRemoval).Inc()
}

func (m *Metrics) orphaned(network string, n int) { m.orphans.WithLabelValues(network).Set(float64(n)) }
