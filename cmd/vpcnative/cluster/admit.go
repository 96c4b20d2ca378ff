package cluster

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// Admit puts a file's objects in the place of the cluster's, as the API
// server would have them: checked, with its defaults, with the status of what
// is there. The API server is asked by a dry run, which keeps nothing. Where
// the user may not ask, notes say so, and our own schemas judge.
func Admit(ctx context.Context, c client.Client, had, file State) (out State, notes []string, err error) {
	out = State{Networks: slices.Clone(had.Networks), Requests: slices.Clone(had.Requests), Nodes: had.Nodes}
	admit := func(kind string, o client.Object) error {
		note, err := ask(ctx, c, kind, o)
		if err == nil && len(note) > 0 {
			err = file.check(ctx, kind, o)
		}
		notes = append(notes, note...)
		return err
	}
	for _, n := range file.Networks {
		at := slices.IndexFunc(out.Networks, func(x v1alpha1.Network) bool { return x.Name == n.Name })
		if at < 0 {
			at, out.Networks = len(out.Networks), append(out.Networks, n)
		}
		out.Networks[at].Spec = n.Spec
		if err := admit("Network", &out.Networks[at]); err != nil {
			return out, nil, err
		}
	}
	for _, r := range file.Requests {
		at := slices.IndexFunc(out.Requests, func(x v1alpha1.RangeRequest) bool { return x.Name == r.Name })
		if at < 0 {
			at, out.Requests = len(out.Requests), append(out.Requests, r)
		}
		out.Requests[at].Spec = r.Spec
		if err := admit("RangeRequest", &out.Requests[at]); err != nil {
			return out, nil, err
		}
	}
	return out, notes, nil
}

// AdmitService puts a file's Service in the place of the cluster's, as the API
// server would have it: with the ports that it allocates.
func AdmitService(ctx context.Context, c client.Client, file corev1.Service) (out *corev1.Service, notes []string, err error) {
	out = file.DeepCopy()
	had := &corev1.Service{}
	err = c.Get(ctx, client.ObjectKeyFromObject(out), had)
	switch {
	case err == nil: // what it allocated it keeps by itself, where the file does not say it
		out.UID, out.ResourceVersion, out.Finalizers, out.Status = had.UID, had.ResourceVersion, had.Finalizers, had.Status
	case !apierrors.IsNotFound(err):
		return nil, nil, fmt.Errorf("reading Service %s/%s: %w", out.Namespace, out.Name, err)
	}
	notes, err = ask(ctx, c, "Service", out)
	return out, notes, err
}

func ask(ctx context.Context, c client.Client, kind string, o client.Object) (notes []string, err error) {
	if o.GetUID() == "" {
		err = c.Create(ctx, o, client.DryRunAll)
		o.SetCreationTimestamp(metav1.Time{}) // it is not there
		o.SetUID("")
	} else {
		err = c.Update(ctx, o, client.DryRunAll)
	}
	switch {
	case apierrors.IsForbidden(err):
		return []string{fmt.Sprintf("%s %s was checked against the built-in schema, not by the API server, because you may not write it: %v", kind, o.GetName(), err)}, nil
	case err != nil:
		return nil, fmt.Errorf("the API server would refuse %s %s: %w", kind, o.GetName(), err)
	}
	return nil, nil
}
