package claims

import (
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// shard is one ConfigMap of records.
type shard struct {
	name    string
	version string // resourceVersion; empty before it is created
	lines   map[types.UID]line
	added   []types.UID // records whose claims end with the next write
	dirty   bool
	writing bool
}

func (s *shard) render() string { return joined(maps.Values(s.lines)) }

// holdings are all shards; the ledger's mu guards them.
type holdings struct {
	shards  []*shard
	where   map[types.UID]*shard
	open    *shard // takes new records
	waiting int
	kick    chan struct{}
}

func newHoldings() *holdings {
	return &holdings{where: map[types.UID]*shard{}, kick: make(chan struct{}, 1)}
}

func (h *holdings) add(e Entry, prefix string) {
	if h.open == nil || len(h.open.lines) >= shardSize {
		h.open = h.roomiest(prefix)
	}
	h.open.lines[e.NodeUID] = lineOf(e)
	h.open.added = append(h.open.added, e.NodeUID)
	h.open.dirty = true
	h.where[e.NodeUID] = h.open
	h.waiting++
	if h.waiting >= shardBatch {
		select {
		case h.kick <- struct{}{}:
		default:
		}
	}
}

// roomiest gives the shard with the fewest records, or a new one where all
// are more than half full.
func (h *holdings) roomiest(prefix string) *shard {
	var best *shard
	for _, s := range h.shards {
		if len(s.lines) <= shardSize/2 && (best == nil || len(s.lines) < len(best.lines)) {
			best = s
		}
	}
	if best == nil {
		best = &shard{name: h.unused(prefix), lines: map[types.UID]line{}}
		h.shards = append(h.shards, best)
	}
	return best
}

func (h *holdings) unused(prefix string) string {
	for i := 0; ; i++ {
		name := fmt.Sprintf("%s-holdings-%d", prefix, i)
		if !slices.ContainsFunc(h.shards, func(s *shard) bool { return s.name == name }) {
			return name
		}
	}
}

func (h *holdings) drop(uid types.UID) {
	if s := h.where[uid]; s != nil {
		delete(s.lines, uid)
		delete(h.where, uid)
		s.dirty = true
	}
}

// readHoldings lists the shards.
func readHoldings(ctx context.Context, cfg Config) (*holdings, []Entry, error) {
	h := newHoldings()
	var all []Entry
	for next := ""; ; {
		list, err := cfg.ConfigMaps.List(ctx, metav1.ListOptions{LabelSelector: labelHoldings + "=" + cfg.Name, Limit: 10, Continue: next})
		if err != nil {
			return nil, nil, fmt.Errorf("listing the records of published ranges: %w", err)
		}
		for i := range list.Items {
			entries, err := h.load(&list.Items[i])
			if err != nil {
				return nil, nil, err
			}
			all = append(all, entries...)
		}
		if next = list.Continue; next == "" {
			return h, all, nil
		}
	}
}

func (h *holdings) load(cm *corev1.ConfigMap) ([]Entry, error) {
	entries, err := parseEntries(keyHoldings, cm.Data[keyHoldings])
	if err != nil {
		return nil, fmt.Errorf("reading the records of published ranges, ConfigMap %s: %w; restore it, or delete it and clean up by hand what deleted nodes left on their instances", cm.Name, err)
	}
	s := &shard{name: cm.Name, version: cm.ResourceVersion, lines: make(map[types.UID]line, len(entries))}
	for _, e := range entries {
		s.lines[e.NodeUID] = lineOf(e)
		h.where[e.NodeUID] = s
	}
	h.shards = append(h.shards, s)
	return entries, nil
}
