package claims

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	// shardBatch is how many records wait at most before they are written.
	shardBatch = 64
	// shardLinger is how long records wait at most before they are written.
	shardLinger = 500 * time.Millisecond
)

// Settle says that a Node publishes its prefix: that is recorded, and when
// the record is durable the Node's claim ends. It costs nothing to repeat.
func (l *Ledger) Settle(e Entry) {
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
	l.held.add(e, l.cfg.Name)
}

// Run writes records until ctx ends, and once more then.
func (l *Ledger) Run(ctx context.Context) {
	ticker := time.NewTicker(shardLinger)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			l.writeShards()
			return
		case <-ticker.C:
		case <-l.held.kick:
		}
		l.writeShards()
	}
}

func (l *Ledger) writeShards() {
	l.mu.Lock()
	var dirty []*shard
	for _, s := range l.held.shards {
		if s.dirty {
			dirty = append(dirty, s)
		}
	}
	l.held.waiting = 0
	l.mu.Unlock()
	for _, s := range dirty {
		if !l.writeShard(s) {
			return
		}
	}
}

// writeShard brings a shard to the API server; false means that it could not
// and that the next turn tries again.
func (l *Ledger) writeShard(s *shard) bool {
	l.mu.Lock()
	if l.fenced != nil {
		l.mu.Unlock()
		return false
	}
	content, added := s.render(), s.added
	s.added, s.dirty, s.writing = nil, false, true
	cm := &corev1.ConfigMap{Data: map[string]string{keyHoldings: content, keyEpoch: fmt.Sprint(l.epoch)}}
	cm.Name, cm.ResourceVersion = s.name, s.version
	cm.Labels = map[string]string{labelHoldings: l.cfg.Name}
	cm.Annotations = map[string]string{annotationNotice: holdingsNotice}
	l.mu.Unlock()

	version, err := l.put(cm)

	l.mu.Lock()
	defer l.mu.Unlock()
	s.writing = false
	if err != nil {
		s.dirty, s.added = true, append(added, s.added...)
		l.cfg.Log.Info("records of published ranges could not be written; trying again", "configMap", s.name, "error", err.Error())
		return false
	}
	s.version = version
	ended := false
	for _, uid := range added {
		ended = l.doc.endClaim(uid) || ended
	}
	if ended {
		l.lingerLocked()
	}
	return true
}

// put writes a shard and gives its new version. A write that was made
// although its reply was lost is found by reading.
func (l *Ledger) put(cm *corev1.ConfigMap) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	var got *corev1.ConfigMap
	var err error
	if cm.ResourceVersion == "" {
		got, err = l.cfg.ConfigMaps.Create(ctx, cm, metav1.CreateOptions{})
	} else {
		got, err = l.cfg.ConfigMaps.Update(ctx, cm, metav1.UpdateOptions{})
	}
	if err == nil {
		return got.ResourceVersion, nil
	}
	now, readErr := l.cfg.ConfigMaps.Get(ctx, cm.Name, metav1.GetOptions{})
	if readErr == nil && now.ResourceVersion != cm.ResourceVersion {
		if now.Data[keyEpoch] == cm.Data[keyEpoch] && now.Data[keyHoldings] == cm.Data[keyHoldings] {
			return now.ResourceVersion, nil
		}
		if now.Data[keyEpoch] == cm.Data[keyEpoch] || l.Confirm(ctx) == nil {
			l.adopt(cm.Name, now.ResourceVersion) // edited by hand, or by a leader whose last write came late: ours holds
		}
	}
	return "", err
}

func (l *Ledger) adopt(name, version string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.held.shards {
		if s.name == name {
			s.version = version
		}
	}
}

const holdingsNotice = "which ranges were given to which nodes; without it ranges of nodes that went while no manager ran are not taken back"
