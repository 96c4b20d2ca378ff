package masquerade

import (
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Metrics are the controller's own.
type Metrics struct {
	current, native prometheus.Gauge
	failures        *prometheus.CounterVec
}

// NewMetrics makes and registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		current: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "vpcnative_masquerade_current",
			Help: "1 if ip-masq-agent's ConfigMap covers the VPC, 0 if it does not or the state is unknown.",
		}),
		native: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "vpcnative_masquerade_native_destinations",
			Help: "Destination prefixes for which pods keep their own source address.",
		}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vpcnative_masquerade_failures_total",
			Help: "Checks of ip-masq-agent's ConfigMap that failed or found it incomplete, by reason.",
		}, []string{"reason"}),
	}
	reg.MustRegister(m.current, m.native, m.failures)
	return m
}

func (m *Metrics) observe(f finding) {
	if f.Status == metav1.ConditionTrue {
		m.current.Set(1)
		m.native.Set(float64(f.native))
		return
	}
	m.current.Set(0)
	m.failures.WithLabelValues(f.Reason).Inc()
}
