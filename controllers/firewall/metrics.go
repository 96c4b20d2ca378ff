package firewall

import (
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Metrics are the controller's own.
type Metrics struct {
	open     *prometheus.GaugeVec
	troubles *prometheus.CounterVec
}

// NewMetrics makes and registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vpcnative_firewall_open",
			Help: "1 if the VPC's firewall allows the pod ranges, 0 if it does not or the state is unknown.",
		}, []string{"network"}),
		troubles: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vpcnative_firewall_failures_total",
			Help: "Firewall checks that failed or found pod ranges blocked, by reason.",
		}, []string{"network", "reason"}),
	}
	reg.MustRegister(m.open, m.troubles)
	return m
}

func (m *Metrics) observe(network string, is metav1.Condition) {
	if is.Status == metav1.ConditionTrue {
		m.open.WithLabelValues(network).Set(1)
		return
	}
	m.open.WithLabelValues(network).Set(0)
	m.troubles.WithLabelValues(network, is.Reason).Inc()
}

func (m *Metrics) forget(network string) {
	m.open.DeletePartialMatch(prometheus.Labels{"network": network})
	m.troubles.DeletePartialMatch(prometheus.Labels{"network": network})
}
