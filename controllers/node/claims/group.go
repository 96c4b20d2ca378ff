package claims

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
)

const (
	// After a write that many waited for, as much time passes until the next
	// as that write took, up to maxPause, so that each gathers more claims and
	// leaves a busy API server room for other work. After a quickWrite the next
	// one starts at once, and also where at most few waited: Nodes that come
	// one after the other are not made to wait for each other.
	quickWrite = 8 * time.Millisecond
	maxPause   = 100 * time.Millisecond
	few        = 8
)

// commit is a group of changes that go out in one write.
type commit struct {
	done    chan struct{}
	waiting int // for it
	err     error
}

func (l *Ledger) commit(ctx context.Context, room int, change func(*document)) error {
	l.mu.Lock()
	if l.fenced != nil {
		defer l.mu.Unlock()
		return l.fenced
	}
	if l.doc.size >= room {
		defer l.mu.Unlock()
		return ErrFull
	}
	change(l.doc)
	c := l.enqueue()
	c.waiting++
	l.mu.Unlock()
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return fmt.Errorf("waiting for the claims ledger to be written: %w", ctx.Err())
	}
}

func (l *Ledger) lazily(change func(*document) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fenced == nil && change(l.doc) {
		l.lingerLocked()
	}
}

// lingerLocked sees to it that what changed is written after a while. The
// caller holds mu.
func (l *Ledger) lingerLocked() {
	if l.next != nil || l.linger != nil {
		return
	}
	l.linger = time.AfterFunc(l.cfg.Linger, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.linger != nil && l.fenced == nil {
			l.enqueue()
		}
	})
}

// enqueue gives the commit that the next write settles, and sees to it that
// there is one. The caller holds mu.
func (l *Ledger) enqueue() *commit {
	if l.next == nil {
		l.next = &commit{done: make(chan struct{})}
	}
	c := l.next
	if !l.writing {
		l.writing = true
		go l.writeAll()
	}
	return c
}

// writeAll writes until nothing waits. Its context is the ledger's own: a
// write under way is never cut off, as its outcome would be unknown.
func (l *Ledger) writeAll() {
	for {
		l.mu.Lock()
		c := l.next
		if c == nil {
			l.writing = false
			l.mu.Unlock()
			return
		}
		if wait := time.Until(l.pause); wait > 0 {
			l.mu.Unlock()
			time.Sleep(wait)
			continue
		}
		l.next = nil
		if l.linger != nil {
			l.linger.Stop()
			l.linger = nil
		}
		l.sequence++
		cm := l.configMap()
		l.mu.Unlock()

		began := time.Now()
		version, err := l.write(cm)

		l.mu.Lock()
		if c.waiting > few {
			l.pause = time.Now().Add(min(time.Since(began)-quickWrite, maxPause))
		}
		l.version = version
		l.writes++
		c.err = err
		if err != nil {
			l.fence(err)
		}
		l.mu.Unlock()
		close(c.done)
	}
}

// fence stops the ledger for good. The caller holds mu.
func (l *Ledger) fence(err error) {
	l.fenced = err
	if l.next != nil {
		l.next.err = err
		close(l.next.done)
		l.next = nil
	}
}

func (l *Ledger) configMap() *corev1.ConfigMap {
	cm := &corev1.ConfigMap{Data: l.doc.render()}
	cm.Name, cm.ResourceVersion = l.cfg.Name, l.version
	cm.Annotations = map[string]string{annotationNotice: notice}
	cm.Data[keyEpoch] = fmt.Sprint(l.epoch)
	cm.Data[keyHolder] = l.cfg.Holder
	cm.Data[keySequence] = fmt.Sprint(l.sequence)
	return cm
}
