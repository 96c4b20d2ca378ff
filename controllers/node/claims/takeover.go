package claims

import (
	"context"
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// takeoverTries bounds how often an earlier leader may get in between.
const takeoverTries = 20

// Open takes the ledger over and returns what it says. From then on no earlier
// leader can write it, so whatever they promised is in the Records, or published
// on a Node that a live list will show.
func Open(ctx context.Context, cfg Config) (*Ledger, Records, error) {
	for range takeoverTries {
		l, records, err := takeOver(ctx, cfg)
		if err == nil {
			return l, records, nil
		}
		if !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) {
			return nil, Records{}, fmt.Errorf("taking over the claims ledger, ConfigMap %s: %w", cfg.Name, err)
		}
	}
	return nil, Records{}, fmt.Errorf("taking over the claims ledger, ConfigMap %s: another manager wrote it %d times meanwhile; is a second one running without leader election?", cfg.Name, takeoverTries)
}

// Peek reads the ledger without taking it over, as a standby does.
func Peek(ctx context.Context, cfg Config) (Records, error) {
	cm, err := cfg.ConfigMaps.Get(ctx, cfg.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return Records{}, nil
	}
	if err != nil {
		return Records{}, fmt.Errorf("reading the claims ledger, ConfigMap %s: %w", cfg.Name, err)
	}
	records, err := read(cm)
	if err != nil {
		return records, err
	}
	_, records.Held, err = readHoldings(ctx, cfg)
	return records, err
}

func takeOver(ctx context.Context, cfg Config) (*Ledger, Records, error) {
	cm, err := cfg.ConfigMaps.Get(ctx, cfg.Name, metav1.GetOptions{})
	missing := apierrors.IsNotFound(err)
	if err != nil && !missing {
		return nil, Records{}, err
	}
	if missing {
		cm = &corev1.ConfigMap{}
	}
	records, err := read(cm)
	if err != nil {
		return nil, Records{}, err
	}
	epoch, err := number(cm.Data, keyEpoch)
	if err != nil {
		return nil, Records{}, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	l := &Ledger{cfg: cfg, epoch: epoch + 1, doc: fromRecords(records), held: newHoldings(), version: cm.ResourceVersion}
	mine := l.configMap()
	var got *corev1.ConfigMap
	if missing {
		got, err = cfg.ConfigMaps.Create(ctx, mine, metav1.CreateOptions{})
	} else {
		got, err = cfg.ConfigMaps.Update(ctx, mine, metav1.UpdateOptions{})
	}
	if err != nil {
		return nil, Records{}, err
	}
	l.version = got.ResourceVersion
	if l.held, records.Held, err = readHoldings(ctx, cfg); err != nil {
		return nil, Records{}, err
	}
	return l, records, nil
}

// FormatError reports that a later release wrote the ledger in a form that this
// one does not know. It is neither read nor written.
type FormatError struct{ ConfigMap, Format string }

func (e *FormatError) Error() string {
	return fmt.Sprintf("ConfigMap %s is in format %s, which a later release wrote, and this one knows up to %d; nothing is allocated: run that release again, or one after it", e.ConfigMap, e.Format, format)
}

// known refuses a ConfigMap of a later format. One that says none is of the
// first.
func known(cm *corev1.ConfigMap) error {
	if text := cm.Data[keyFormat]; text != "" {
		if n, err := strconv.Atoi(text); err != nil || n > format {
			return &FormatError{cm.Name, text}
		}
	}
	return nil
}

func read(cm *corev1.ConfigMap) (Records, error) {
	if err := known(cm); err != nil {
		return Records{}, err
	}
	records, err := parse(cm.Data)
	if err != nil {
		return Records{}, fmt.Errorf("reading the claims ledger, ConfigMap %s: %w; nothing is allocated until it can be read: restore it from a backup, or delete it when no node is being set up", cm.Name, err)
	}
	return records, nil
}
