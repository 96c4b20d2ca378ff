package claims

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// The ledger also remembers what Nodes publish, since an alias range carries
// no mark: when a Node goes while no manager runs, only this record says that
// the range its instance still carries is ours to take off, and that the
// range has to rest. The records lie in shards, ConfigMaps of their own,
// which are written in groups beside the claims; a claim ends only when its
// record is durable.

const (
	labelHoldings = "vpcnative.dev/holdings"
	keyHoldings   = "holdings"
	// shardSize bounds the records of a shard, about 60 KB at most.
	shardSize = 500
	// shardLinger is how long records wait at most before they are written.
	shardLinger = 500 * time.Millisecond
	// checkEvery is how often the ConfigMaps are looked for: one that nothing
	// is written to any more would not be missed.
	checkEvery = 5 * time.Minute
)

// Settle says that a Node publishes its prefix: that is recorded, and when
// the record is durable the Node's claim ends. It costs nothing to repeat.
func (l *Ledger) Settle(e allocator.Allocation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fenced != nil {
		return
	}
	if s := l.held.where[e.NodeUID]; s != nil {
		// Recorded before: by an earlier leader, or the write is on its way.
		_, claimed := l.doc.claims[e.NodeUID]
		if l := lineOf(e); s.lines[e.NodeUID] != l {
			s.lines[e.NodeUID], s.dirty = l, true
		}
		switch {
		case claimed && !s.dirty && !s.writing:
			l.doc.endClaim(e.NodeUID)
			l.lingerLocked()
		case claimed && !slices.Contains(s.added, e.NodeUID):
			s.added, s.dirty = append(s.added, e.NodeUID), true
		}
		return
	}
	l.doc.endReleasesOf(e.Prefix)
	for _, p := range e.Before.List() {
		l.doc.endReleasesOf(p) // an earlier Node's, which was left where it is
	}
	l.held.add(e, l.cfg.Name)
}

// Run writes records until ctx ends, and once more then.
func (l *Ledger) Run(ctx context.Context) {
	ticker, check := time.NewTicker(shardLinger), time.NewTicker(checkEvery)
	defer ticker.Stop()
	defer check.Stop()
	for {
		select {
		case <-ctx.Done():
			l.writeShards(true)
			return
		case <-check.C:
			l.check(ctx)
		case <-ticker.C:
		}
		l.writeShards(false)
	}
}

// writeShards writes what is dirty and due. One that cannot be written keeps
// none of the others from it.
func (l *Ledger) writeShards(anyway bool) {
	l.mu.Lock()
	var due []*shard
	for _, s := range l.held.shards {
		if s.dirty && (anyway || !l.cfg.Now().Before(s.retry.next)) {
			due = append(due, s)
		}
	}
	l.mu.Unlock()
	for _, s := range due {
		l.writeShard(s)
	}
}

// writeShard brings a shard to the API server, or has a later turn try again.
func (l *Ledger) writeShard(s *shard) {
	l.mu.Lock()
	if l.fenced != nil {
		l.mu.Unlock()
		return
	}
	added := s.added
	s.added, s.dirty, s.writing = nil, false, true
	cm := l.shardMap(s)
	l.mu.Unlock()

	version, err := l.put(cm)

	l.mu.Lock()
	defer l.mu.Unlock()
	s.writing = false
	if err != nil {
		s.dirty, s.added = true, append(added, s.added...)
		s.retry.failed(s.name, err, l.cfg.Now())
		l.cfg.Log.Info("records of published ranges could not be written; trying again", "configMap", s.name, "at", s.retry.next, "error", err.Error())
		if s.retry.blocked != nil {
			l.held.moveOn(s, l.cfg.Name)
		}
		if errors.Is(err, ErrFenced) {
			l.fence(err)
		}
		return
	}
	s.version, s.retry = version, retry{}
	ended := false
	for _, uid := range added {
		ended = l.doc.endClaim(uid) || ended
	}
	if ended {
		l.lingerLocked()
	}
}

func (l *Ledger) shardMap(s *shard) *corev1.ConfigMap {
	records := s.render()
	cm := &corev1.ConfigMap{Data: map[string]string{
		keyFormat: fmt.Sprint(formatOf(records)), keyHoldings: records, keyEpoch: fmt.Sprint(l.epoch), keyHolder: l.cfg.Holder,
	}}
	cm.Name, cm.ResourceVersion = s.name, s.version
	cm.Labels = map[string]string{labelHoldings: l.cfg.Name}
	cm.Annotations = map[string]string{annotationNotice: holdingsNotice}
	return cm
}
