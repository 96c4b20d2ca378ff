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
	notice           = "promises of pod ranges to nodes; never edit or delete it while nodes join"

	// writeTimeout bounds one try. The API server may still carry out a
	// write that timed out, so each later try reads first.
	writeTimeout = 10 * time.Second
	// retryPause is how long to wait between tries.
	retryPause = 200 * time.Millisecond
)

// write brings cm to the API server and gives its new version. It tries
// until it is through; the only error is ErrFenced.
func (l *Ledger) write(cm *corev1.ConfigMap) (string, error) {
	for try := 1; ; try++ {
		version, err := l.update(cm)
		if err == nil {
			return version, nil
		}
		l.cfg.Log.Info("the claims ledger could not be written; reading what it says",
			"configMap", l.cfg.Name, "try", try, "error", err.Error())
		if version, settled, err := l.settle(cm); err != nil || settled {
			return version, err
		}
		time.Sleep(retryPause)
	}
}

func (l *Ledger) update(cm *corev1.ConfigMap) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	got, err := l.cfg.ConfigMaps.Update(ctx, cm, metav1.UpdateOptions{})
	if err != nil {
		return "", err
	}
	return got.ResourceVersion, nil
}

// settle reads the ledger after a write whose outcome is unknown: settled,
// when the write was made; neither that nor an error, when it was not and may
// be tried again; ErrFenced, when somebody else wrote or the ledger is gone.
func (l *Ledger) settle(cm *corev1.ConfigMap) (version string, settled bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	got, err := l.cfg.ConfigMaps.Get(ctx, l.cfg.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return "", false, fmt.Errorf("%w: ConfigMap %s was deleted", ErrFenced, l.cfg.Name)
	case err != nil:
		return "", false, nil // unknown still: the caller tries again
	case got.ResourceVersion == cm.ResourceVersion:
		return "", false, nil
	case !l.mine(got):
		return "", false, l.fencedBy(got)
	case maps.Equal(got.Data, cm.Data):
		return got.ResourceVersion, true, nil
	default:
		// Our epoch, another version, other content: somebody edited the
		// ConfigMap around the ledger. What we know is what holds.
		cm.ResourceVersion = got.ResourceVersion
		return "", false, nil
	}
}
