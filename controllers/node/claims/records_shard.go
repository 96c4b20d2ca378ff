package claims

import (
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// shard is one ConfigMap of records.
type shard struct {
	name    string
	version string // resourceVersion; empty before it is created
	lines   map[types.UID]line
	added   []types.UID // records whose claims end with the next write
	dirty   bool
	writing bool
	retry   retry
}

func (s *shard) render() string { return joined(maps.Values(s.lines)) }

// holdings are all shards; the ledger's mu guards them.
type holdings struct {
	shards []*shard
	where  map[types.UID]*shard
	open   *shard // takes new records
}

func newHoldings() *holdings {
	return &holdings{where: map[types.UID]*shard{}}
}

func (h *holdings) add(e allocator.Allocation, prefix string) { h.put(e.NodeUID, lineOf(e), prefix) }

func (h *holdings) put(uid types.UID, l line, prefix string) {
	if h.open == nil || len(h.open.lines) >= shardSize || h.open.retry.blocked != nil {
		h.open = h.roomiest(prefix)
	}
	h.open.lines[uid] = l
	h.open.added = append(h.open.added, uid)
	h.open.dirty = true
	h.where[uid] = h.open
}

// roomiest returns the shard with the fewest records, or a new one where all
// are more than half full. One that cannot be written is passed over, but
// where not even a new one can be made.
func (h *holdings) roomiest(prefix string) *shard {
	var best *shard
	for _, s := range h.shards {
		switch {
		case s.retry.blocked != nil && s.version == "":
			return s
		case s.retry.blocked == nil && len(s.lines) <= shardSize/2 && (best == nil || len(s.lines) < len(best.lines)):
			best = s
		}
	}
	if best == nil {
		best = &shard{name: h.unused(prefix), lines: map[types.UID]line{}}
		h.shards = append(h.shards, best)
	}
	return best
}

// moveOn puts the records that a shard which cannot be written does not hold
// yet into others, so that their claims end.
func (h *holdings) moveOn(s *shard, prefix string) {
	if s.version == "" {
		return
	}
	for _, uid := range s.added {
		l, ok := s.lines[uid]
		if !ok {
			continue
		}
		delete(s.lines, uid)
		h.put(uid, l, prefix)
	}
	s.added = nil
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

// readHoldings reads the shards.
func readHoldings(ctx context.Context, cfg Config) (*holdings, []allocator.Allocation, error) {
	h := newHoldings()
	var all []allocator.Allocation
	err := eachShard(ctx, cfg, func(cm *corev1.ConfigMap) error {
		entries, err := h.load(cm)
		all = append(all, entries...)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return h, all, nil
}

// eachShard lists the shards, a few at a time.
func eachShard(ctx context.Context, cfg Config, do func(*corev1.ConfigMap) error) error {
	for next := ""; ; {
		list, err := cfg.ConfigMaps.List(ctx, metav1.ListOptions{LabelSelector: labelHoldings + "=" + cfg.Name, Limit: 10, Continue: next})
		if err != nil {
			return fmt.Errorf("listing the records of published ranges: %w", err)
		}
		for i := range list.Items {
			if err := do(&list.Items[i]); err != nil {
				return err
			}
		}
		if next = list.Continue; next == "" {
			return nil
		}
	}
}

// check has those ConfigMaps written again that are not as they were written.
func (l *Ledger) check(ctx context.Context) {
	if err := l.Confirm(ctx); err != nil {
		return // a main one that is gone is written anew, and tells who leads
	}
	found := map[string]string{}
	err := eachShard(ctx, l.cfg, func(cm *corev1.ConfigMap) error {
		found[cm.Name] = cm.ResourceVersion
		return nil
	})
	if err != nil {
		return // the next check comes
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.held.shards {
		if !s.writing && found[s.name] != s.version {
			s.dirty = true
		}
	}
}

func (h *holdings) load(cm *corev1.ConfigMap) ([]allocator.Allocation, error) {
	if err := known(cm); err != nil {
		return nil, err
	}
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
