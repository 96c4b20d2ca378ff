package endpoints

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
)

// Metrics are the controller's own.
type Metrics struct {
	endpoints *prometheus.GaugeVec
	attached  *prometheus.GaugeVec
	failures  *prometheus.CounterVec
}

// NewMetrics makes and registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	labels := []string{"namespace", "endpointgroup"}
	m := &Metrics{
		endpoints: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vpcnative_endpointgroup_endpoints", Help: "Ready endpoints of an EndpointGroup.",
		}, labels),
		attached: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vpcnative_endpointgroup_attached", Help: "Endpoints that the cloud's groups of an EndpointGroup hold.",
		}, labels),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vpcnative_endpointgroup_failures_total", Help: "Refusals and failures of an EndpointGroup, by reason.",
		}, append(labels, "reason")),
	}
	reg.MustRegister(m.endpoints, m.attached, m.failures)
	return m
}

// observe enters how a turn ended, and what is known since.
func (m *Metrics) observe(key types.NamespacedName, is loadbalancer.Outcome, s v1alpha1.EndpointGroupStatus) {
	if !is.Ready {
		m.failures.WithLabelValues(key.Namespace, key.Name, is.Reason).Inc()
	}
	m.endpoints.WithLabelValues(key.Namespace, key.Name).Set(float64(s.Endpoints))
	m.attached.WithLabelValues(key.Namespace, key.Name).Set(float64(s.Attached))
}

func (m *Metrics) forget(key types.NamespacedName) {
	labels := prometheus.Labels{"namespace": key.Namespace, "endpointgroup": key.Name}
	m.endpoints.DeletePartialMatch(labels)
	m.attached.DeletePartialMatch(labels)
	m.failures.DeletePartialMatch(labels)
}
