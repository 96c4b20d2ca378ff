package nodestatus

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/retry"
)

// Writer makes the two writes of a Node. Both name the Node's UID, so that a
// Node re-created under the same name is never written; the API server
// refuses to change podCIDRs that are not empty.
//
// They are as cheap to the API server as patches get, since a burst of Nodes
// is bounded by it: strategic patches (a merge patch takes a seventh more of
// its time), no search for unknown fields in what we know to be well formed,
// and an answer without the object.
type Writer struct {
	core rest.Interface
	busy chan struct{}
}

// atOnce is how many Nodes are written at the same time: with more, the API
// server does fewer a second.
const atOnce = 32

// NewWriter writes by a client of the core/v1 API. Answers are not decoded.
func NewWriter(core rest.Interface) Writer {
	return Writer{core: core, busy: make(chan struct{}, atOnce)}
}

// Publish sets the Node's podCIDRs, of every family at once: what is not in
// the one write that the API server admits can never be added.
func (w Writer) Publish(ctx context.Context, node string, uid types.UID, podCIDRs ...netip.Prefix) error {
	quoted := make([]string, 0, len(podCIDRs))
	for _, p := range podCIDRs {
		quoted = append(quoted, strconv.Quote(p.String()))
	}
	body := fmt.Sprintf(`{"metadata":{"uid":%q},"spec":{"podCIDR":%s,"podCIDRs":[%s]}}`, uid, quoted[0], strings.Join(quoted, ","))
	return w.patch(ctx, node, []byte(body))
}

// SetCondition sets one condition of the Node.
func (w Writer) SetCondition(ctx context.Context, node string, uid types.UID, cond corev1.NodeCondition) error {
	var patch struct {
		Metadata struct {
			UID types.UID `json:"uid"`
		} `json:"metadata"`
		Status struct {
			Conditions []corev1.NodeCondition `json:"conditions"`
		} `json:"status"`
	}
	patch.Metadata.UID = uid
	patch.Status.Conditions = []corev1.NodeCondition{cond}
	body, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	return w.patch(ctx, node, body, "status")
}

func (w Writer) patch(ctx context.Context, node string, body []byte, sub ...string) error {
	select {
	case w.busy <- struct{}{}:
		defer func() { <-w.busy }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return retry.RetryOnConflict(retry.DefaultRetry, func() error { return w.send(ctx, node, body, sub) })
}

func (w Writer) send(ctx context.Context, node string, body []byte, sub []string) error {
	return w.core.Patch(types.StrategicMergePatchType).Resource("nodes").Name(node).SubResource(sub...).
		Param("fieldManager", "vpcnative").Param("fieldValidation", metav1.FieldValidationIgnore).
		SetHeader("Accept", "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1").
		Body(body).Do(ctx).Error()
}
