package claims

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// After a write as much time passes until the next as that write took, up to
// maxPause, so that each gathers more claims and leaves a busy API server room
// for other work.
const maxPause = 100 * time.Millisecond

// commit is a group of changes that go out in one write.
type commit struct {
	done   chan struct{}
	err    error
	merged []*commit // that go out with it
}

// end tells all who wait for it.
func (c *commit) end(err error) {
	c.err = err
	close(c.done)
	for _, m := range c.merged {
		m.end(err)
	}
}

func (l *Ledger) commit(ctx context.Context, room int, change func(*document)) error {
	l.mu.Lock()
	if l.fenced != nil {
		defer l.mu.Unlock()
		return l.fenced
	}
	if l.retry.blocked != nil {
		defer l.mu.Unlock()
		return l.retry.blocked // it is written in the background as soon as it can be
	}
	if l.doc.size >= room {
		defer l.mu.Unlock()
		return l.full()
	}
	change(l.doc)
	c := l.enqueue()
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
	l.linger = time.AfterFunc(linger, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.linger != nil && l.fenced == nil {
			l.enqueue()
		}
	})
}

// enqueue returns the commit that the next write settles, and sees to it that
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
		if wait := l.pause.Sub(l.cfg.Now()); wait > 0 {
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

		began := l.cfg.Now()
		version, err := l.put(cm)
		l.wrote(c, version, err, began)
	}
}

// wrote settles a commit by what came of its write. Where that failed, what
// the ledger says then is tried again; who waits for it is told once that is
// for people to mend.
func (l *Ledger) wrote(c *commit, version string, err error, began time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.cfg.Now()
	switch {
	case err == nil:
		l.pause = now.Add(min(now.Sub(began), maxPause))
		l.version, l.retry = version, retry{}
		l.writes++
		c.end(nil)
	case errors.Is(err, ErrFenced):
		c.end(err)
		l.fence(err)
	default:
		l.retry.failed(l.cfg.Name, err, now)
		l.cfg.Log.Info("the claims ledger could not be written; trying again", "configMap", l.cfg.Name, "at", l.retry.next, "error", err.Error())
		l.pause = l.retry.next
		if l.next != nil {
			c.merged = append(c.merged, l.next)
		}
		l.next = c
		if l.retry.blocked != nil {
			l.next = &commit{done: make(chan struct{})}
			c.end(l.retry.blocked)
		}
	}
}

// fence stops the ledger for good. The caller holds mu.
func (l *Ledger) fence(err error) {
	l.fenced = err
	if l.next != nil {
		l.next.end(err)
		l.next = nil
	}
}

// renew has the main ConfigMap written again.
func (l *Ledger) renew() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fenced == nil {
		l.enqueue()
	}
}

func (l *Ledger) configMap() *corev1.ConfigMap {
	cm := &corev1.ConfigMap{Data: l.doc.render()}
	cm.Name, cm.ResourceVersion = l.cfg.Name, l.version
	cm.Annotations = map[string]string{annotationNotice: notice}
	cm.Data[keyFormat] = fmt.Sprint(formatOf(cm.Data[keyClaims], cm.Data[keyReleases]))
	cm.Data[keyEpoch] = fmt.Sprint(l.epoch)
	cm.Data[keyHolder] = l.cfg.Holder
	cm.Data[keySequence] = fmt.Sprint(l.sequence)
	return cm
}
