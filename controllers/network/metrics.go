package network

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/vpcnative/vpcnative/controllers/network/survey"
)

// Metrics are the controller's own.
type Metrics struct {
	free     *prometheus.GaugeVec
	occupied *prometheus.GaugeVec
	outside  *prometheus.GaugeVec
	reserved *prometheus.GaugeVec
	unseen   *prometheus.GaugeVec
	failures *prometheus.CounterVec
}

// NewMetrics makes and registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		free: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vpcnative_network_free_addresses",
			Help: "Free addresses of the supernets.",
		}, []string{"network", "family"}),
		occupied: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vpcnative_network_occupied_blocks",
			Help: "Blocks in use inside the supernets.",
		}, []string{"network"}),
		outside: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vpcnative_network_ranges_outside_supernets",
			Help: "Granted ranges outside the supernets.",
		}, []string{"network"}),
		reserved: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vpcnative_network_reserved_blocks_in_use",
			Help: "Reserved blocks that overlap granted ranges.",
		}, []string{"network"}),
		unseen: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vpcnative_network_unseen",
			Help: "Lists of possibly occupied space that could not be read.",
		}, []string{"network"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vpcnative_network_failures_total",
			Help: "Failures of a Network, by reason.",
		}, []string{"network", "reason"}),
	}
	reg.MustRegister(m.free, m.occupied, m.outside, m.reserved, m.unseen, m.failures)
	return m
}

func (m *Metrics) observe(network string, s survey.Survey) {
	m.occupied.WithLabelValues(network).Set(float64(s.Count))
	for family, n := range s.FreeAddresses {
		m.free.WithLabelValues(network, family).Set(n)
	}
}

func (m *Metrics) failed(network, reason string) { m.failures.WithLabelValues(network, reason).Inc() }

func (m *Metrics) forget(network string) {
	for _, gauge := range []*prometheus.GaugeVec{m.free, m.occupied, m.outside, m.reserved, m.unseen} {
		gauge.DeletePartialMatch(prometheus.Labels{"network": network})
	}
}
