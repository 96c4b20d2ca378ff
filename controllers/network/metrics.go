package network

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/vpcnative/vpcnative/controllers/network/survey"
)

// Metrics are the controller's own.
type Metrics struct {
	free, occupied, outside, reserved, unseen *prometheus.GaugeVec
	failures                                  *prometheus.CounterVec
}

// NewMetrics makes and registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, append([]string{"network"}, labels...))
		reg.MustRegister(g)
		return g
	}
	m := &Metrics{
		free:     gauge("vpcnative_network_free_addresses", "Free addresses of the supernets.", "family"),
		occupied: gauge("vpcnative_network_occupied_blocks", "Blocks in use inside the supernets."),
		outside:  gauge("vpcnative_network_ranges_outside_supernets", "Granted ranges outside the supernets."),
		reserved: gauge("vpcnative_network_reserved_blocks_in_use", "Reserved blocks that overlap granted ranges."),
		unseen:   gauge("vpcnative_network_unseen", "Lists of possibly occupied space that could not be read."),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vpcnative_network_failures_total", Help: "Failures of a Network, by reason.",
		}, []string{"network", "reason"}),
	}
	reg.MustRegister(m.failures)
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
