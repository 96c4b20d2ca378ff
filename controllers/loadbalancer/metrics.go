package loadbalancer

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// Metrics are the controller's own.
type Metrics struct {
	ready    *prometheus.GaugeVec
	failures *prometheus.CounterVec
	actions  *prometheus.CounterVec
	shared   *prometheus.CounterVec
	orphans  *prometheus.GaugeVec
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
		actions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vpcnative_balancer_actions_total", Help: "Actions on load balancer resources, by verb and result.",
		}, []string{"verb", "result"}),
		shared: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vpcnative_balancer_failures_total", Help: "Failures of shared load balancer work: reading, pools, garbage collection.",
		}, []string{"network", "reason"}),
		orphans: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vpcnative_balancer_orphans", Help: "Load balancer resources whose Service is gone.",
		}, []string{"network"}),
	}
	reg.MustRegister(m.ready, m.failures, m.actions, m.shared, m.orphans)
	return m
}

func (m *Metrics) observe(key types.NamespacedName, f finding) {
	if f.ready {
		m.ready.WithLabelValues(key.Namespace, key.Name).Set(1)
		return
	}
	m.ready.WithLabelValues(key.Namespace, key.Name).Set(0)
	m.noted(key, f.reason)
}

func (m *Metrics) noted(key types.NamespacedName, reason string) {
	m.failures.WithLabelValues(key.Namespace, key.Name, reason).Inc()
}

func (m *Metrics) forget(key types.NamespacedName) {
	labels := prometheus.Labels{"namespace": key.Namespace, "service": key.Name}
	m.ready.DeletePartialMatch(labels)
	m.failures.DeletePartialMatch(labels)
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
