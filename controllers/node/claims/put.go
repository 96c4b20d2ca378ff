package claims

import (
	"context"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	annotationNotice = "vpcnative.dev/notice"
	notice           = "claims of nodes to CIDRs; do not edit it, or delete it while nodes join"
	holdingsNotice   = "which ranges were allocated to which nodes; without it ranges of nodes that were deleted while no manager ran are not released"

	// writeTimeout bounds one try. The API server may still carry out a
	// write that timed out, so each try reads after a failure.
	writeTimeout = 10 * time.Second
)

// put brings one ConfigMap of the ledger, its main one or a shard, to the API
// server and returns its new version. A write that was made although its reply
// was lost is found by reading; one that somebody edited, or deleted, is
// written over, or anew, where this ledger is still the open one, and else the
// error is ErrFenced. Any other error says why it was not written, as far as
// anybody knows: the caller tries again with what the ledger says then.
func (l *Ledger) put(cm *corev1.ConfigMap) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	version, failed := l.send(ctx, cm)
	if failed == nil {
		return version, nil
	}
	ctx, cancel = context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	now, err := l.cfg.ConfigMaps.Get(ctx, cm.Name, metav1.GetOptions{})
	gone := apierrors.IsNotFound(err)
	switch {
	case gone && cm.ResourceVersion == "", err != nil && !gone:
		return "", failed
	case gone:
		now = &corev1.ConfigMap{}
		if err := l.mayRenew(ctx, cm.Name); err != nil {
			return "", err
		}
	case maps.Equal(now.Data, cm.Data):
		return now.ResourceVersion, nil
	case now.ResourceVersion == cm.ResourceVersion:
		return "", withHint(failed, now)
	case !l.mine(now):
		if err := l.mayReplace(ctx, now); err != nil {
			return "", err
		}
	}
	cm.ResourceVersion = now.ResourceVersion // what we know is what holds
	version, err = l.send(ctx, cm)
	return version, withHint(err, now)
}

func (l *Ledger) send(ctx context.Context, cm *corev1.ConfigMap) (string, error) {
	var got *corev1.ConfigMap
	var err error
	if cm.ResourceVersion == "" {
		got, err = l.cfg.ConfigMaps.Create(ctx, cm, metav1.CreateOptions{})
	} else {
		got, err = l.cfg.ConfigMaps.Update(ctx, cm, metav1.UpdateOptions{})
	}
	if err != nil {
		return "", err
	}
	return got.ResourceVersion, nil
}

// mayRenew reports whether a ConfigMap that was deleted may be written anew.
// The main one is what tells leaders apart; without it the lease does. A
// later leader that made one meanwhile is met by the create.
func (l *Ledger) mayRenew(ctx context.Context, name string) error {
	if name != l.cfg.Name {
		return l.Confirm(ctx)
	}
	if l.cfg.StillLeads == nil {
		return fmt.Errorf("%w: ConfigMap %s was deleted", ErrFenced, name)
	}
	if err := l.cfg.StillLeads(ctx); err != nil {
		return fmt.Errorf("ConfigMap %s was deleted, and whether this manager leads is not known: %w", name, err)
	}
	l.cfg.Log.Info("a ConfigMap of the claims ledger was deleted; it is written again", "configMap", name)
	return nil
}

// mayReplace reports whether a ConfigMap that somebody else wrote may be written
// over: never the main one; a shard, where the main one is ours, as the last
// write of an earlier leader may have come late.
func (l *Ledger) mayReplace(ctx context.Context, now *corev1.ConfigMap) error {
	if now.Name == l.cfg.Name {
		return l.fencedBy(now)
	}
	return l.Confirm(ctx)
}

// Confirm reads live whether this ledger is still the open one; it gives
// ErrFenced if not.
func (l *Ledger) Confirm(ctx context.Context) error {
	cm, err := l.cfg.ConfigMaps.Get(ctx, l.cfg.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		l.renew() // or is fenced by trying
	}
	if err != nil {
		return fmt.Errorf("reading the claims ledger, ConfigMap %s: %w", l.cfg.Name, err)
	}
	if !l.mine(cm) {
		return l.fencedBy(cm)
	}
	return nil
}

// mine reports whether the ConfigMap is as this ledger writes it. The epoch
// alone does not tell: it starts anew where the ConfigMap was deleted.
func (l *Ledger) mine(cm *corev1.ConfigMap) bool {
	return cm.Data[keyEpoch] == fmt.Sprint(l.epoch) && cm.Data[keyHolder] == l.cfg.Holder
}

func (l *Ledger) fencedBy(cm *corev1.ConfigMap) error {
	return fmt.Errorf("%w: ConfigMap %s is held by %q, epoch %s", ErrFenced, l.cfg.Name, cm.Data[keyHolder], cm.Data[keyEpoch])
}
