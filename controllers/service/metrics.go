package service

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
)

// Metrics are the controller's own.
type Metrics struct {
	ready    *prometheus.GaugeVec
	failures *prometheus.CounterVec
}

// NewMetrics makes and registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		ready: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vpcnative_service_ready", Help: "1 if a Service's load balancer is in sync, else 0.",
		}, []string{"namespace", "service"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vpcnative_service_failures_total", Help: "Refusals and failures of a Service's load balancer, by reason.",
		}, []string{"namespace", "service", "reason"}),
	}
	reg.MustRegister(m.ready, m.failures)
	return m
}

func (m *Metrics) observe(key types.NamespacedName, is loadbalancer.Outcome) {
	if is.Ready {
		m.ready.WithLabelValues(key.Namespace, key.Name).Set(1)
		return
	}
	m.ready.WithLabelValues(key.Namespace, key.Name).Set(0)
	m.noted(key, is.Reason)
}

func (m *Metrics) noted(key types.NamespacedName, reason string) {
	m.failures.WithLabelValues(key.Namespace, key.Name, reason).Inc()
}

func (m *Metrics) forget(key types.NamespacedName) {
	labels := prometheus.Labels{"namespace": key.Namespace, "service": key.Name}
	m.ready.DeletePartialMatch(labels)
	m.failures.DeletePartialMatch(labels)
}
