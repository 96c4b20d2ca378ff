package ranges

import (
	"net/netip"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Metrics are the controller's own.
type Metrics struct {
	capacity, allocated, nodes, waiting *prometheus.GaugeVec
	ranges, largest, limited, room      *prometheus.GaugeVec
	overlapped, reserved                *prometheus.GaugeVec
	failures, changes                   *prometheus.CounterVec
}

// NewMetrics makes and registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, append([]string{"request"}, labels...))
		reg.MustRegister(g)
		return g
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, append([]string{"request"}, labels...))
		reg.MustRegister(c)
		return c
	}
	return &Metrics{
		capacity:   gauge("vpcnative_range_capacity_addresses", "Addresses of a RangeRequest's ranges."),
		allocated:  gauge("vpcnative_range_allocated_addresses", "Allocated addresses of a RangeRequest's ranges."),
		nodes:      gauge("vpcnative_range_nodes", "Nodes with a node CIDR in a RangeRequest's ranges."),
		waiting:    gauge("vpcnative_range_waiting_nodes", "Nodes that wait for room in a RangeRequest's ranges."),
		ranges:     gauge("vpcnative_range_ranges", "Ranges of a RangeRequest."),
		largest:    gauge("vpcnative_range_largest_free_addresses", "Addresses in the largest free block of a RangeRequest's ranges."),
		limited:    gauge("vpcnative_range_growth_limited", "1 while a RangeRequest should grow and cannot."),
		room:       gauge("vpcnative_range_room_nodes", "Nodes that still fit in a RangeRequest's ranges, by node prefix length.", "prefix_length"),
		overlapped: gauge("vpcnative_range_servicecidr_overlaps", "ServiceCIDRs that overlap a RangeRequest's ranges."),
		reserved:   gauge("vpcnative_range_reserved_blocks", "Reserved blocks that overlap a RangeRequest's ranges."),
		failures:   counter("vpcnative_range_failures_total", "Failures to grant, grow, reclaim or delete a RangeRequest's ranges, by reason.", "reason"),
		changes:    counter("vpcnative_range_changes_total", "Ranges of a RangeRequest that were created, adopted, grown or reclaimed, by reason.", "reason"),
	}
}

func (m *Metrics) gauges() []*prometheus.GaugeVec {
	return []*prometheus.GaugeVec{m.capacity, m.allocated, m.nodes, m.waiting, m.ranges, m.largest, m.limited, m.room, m.overlapped, m.reserved}
}

func (m *Metrics) observe(r *v1alpha1.RangeRequest, u carve.Use) {
	set := func(g *prometheus.GaugeVec, v float64) { g.WithLabelValues(r.Name).Set(v) }
	set(m.capacity, u.Capacity.Float64())
	set(m.allocated, u.Allocated.Float64())
	set(m.nodes, float64(len(u.Nodes)))
	set(m.waiting, float64(u.Waiting))
	set(m.ranges, float64(len(r.Status.Granted())))
	set(m.largest, largestOf(r.Status.LargestFree))
	limited := 0.0
	if meta.IsStatusConditionTrue(r.Status.Conditions, v1alpha1.ConditionGrowthLimited) {
		limited = 1
	}
	set(m.limited, limited)
	m.room.DeletePartialMatch(prometheus.Labels{"request": r.Name})
	for _, x := range r.Status.Room {
		m.room.WithLabelValues(r.Name, strconv.Itoa(int(x.PrefixLength))).Set(float64(x.Nodes))
	}
}

func largestOf(blocks []string) float64 {
	if len(blocks) == 0 {
		return 0
	}
	p, err := netip.ParsePrefix(blocks[0])
	if err != nil {
		return 0
	}
	return prefix.Addresses(p).Float64()
}

func (m *Metrics) failed(request, reason string) { m.failures.WithLabelValues(request, reason).Inc() }

func (m *Metrics) changed(request, reason string) { m.changes.WithLabelValues(request, reason).Inc() }

func (m *Metrics) forget(request string) {
	for _, g := range m.gauges() {
		g.DeletePartialMatch(prometheus.Labels{"request": request})
	}
}
