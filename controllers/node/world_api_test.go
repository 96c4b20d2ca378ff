package node

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	restfake "k8s.io/client-go/rest/fake"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/informer"
)

// changed lets the watch tell of a Node, some time later.
func (w *world) changed(name string) {
	go func(lag time.Duration) {
		time.Sleep(lag)
		w.mu.Lock()
		if n := w.nodes[name]; n != nil {
			o, _ := informer.TrimNode(n.DeepCopy())
			w.cached[name] = o.(*corev1.Node)
		} else {
			delete(w.cached, name)
		}
		m := w.leader
		w.mu.Unlock()
		if m != nil {
			m.c.enqueue(name)
		}
	}(time.Duration(w.rnd.IntN(300)) * time.Millisecond)
}

// reader is the API server, or its cache.
type reader struct {
	client.Client
	w     *world
	stale bool
}

func (r reader) Get(_ context.Context, key client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if o, ok := o.(*v1alpha1.RangeRequest); ok {
		for _, x := range r.w.requests {
			if x.Name == key.Name {
				x.DeepCopyInto(o)
				return nil
			}
		}
		return apierrors.NewNotFound(schema.GroupResource{Resource: "rangerequests"}, key.Name)
	}
	from := r.w.cached
	if !r.stale {
		if err := r.w.unlucky(); err != nil {
			return err
		}
		from = r.w.nodes
	}
	n := from[key.Name]
	if n == nil {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "nodes"}, key.Name)
	}
	n.DeepCopyInto(o.(*corev1.Node))
	return nil
}

func (r reader) List(_ context.Context, list client.ObjectList, opts ...client.ListOption) error {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if !r.stale {
		if err := r.w.unlucky(); err != nil {
			return err
		}
	}
	o := client.ListOptions{}
	o.ApplyOptions(opts)
	switch list := list.(type) {
	case *v1alpha1.RangeRequestList:
		for _, x := range r.w.requests {
			list.Items = append(list.Items, *x.DeepCopy())
		}
	case *v1alpha1.NetworkList:
		list.Items = []v1alpha1.Network{*r.w.network.DeepCopy()}
		for name := range r.w.others {
			list.Items = append(list.Items, v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: name}})
		}
	case *corev1.NodeList:
		from := r.w.nodes
		if r.stale {
			from = r.w.cached
		}
		for _, n := range from {
			if o.FieldSelector == nil || slices.ContainsFunc(podCIDRIndex(n), func(part string) bool { return o.FieldSelector.String() == indexPodCIDR+"="+part }) {
				list.Items = append(list.Items, *n.DeepCopy())
			}
		}
	}
	return nil
}

// Patch changes annotations of the Network.
func (r reader) Patch(_ context.Context, o client.Object, _ client.Patch, _ ...client.PatchOption) error {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if err := r.w.unlucky(); err != nil {
		return err
	}
	if o.GetName() == r.w.network.Name {
		r.w.network.Annotations = maps.Clone(o.GetAnnotations())
	}
	return nil
}

func (r reader) Status() client.SubResourceWriter { return status{w: r.w} }

// status writes the conditions of requests.
type status struct {
	client.SubResourceWriter
	w *world
}

func (s status) Patch(_ context.Context, o client.Object, _ client.Patch, _ ...client.SubResourcePatchOption) error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if err := s.w.unlucky(); err != nil {
		return err
	}
	if n, is := o.(*v1alpha1.Network); is {
		if n.Name == s.w.network.Name {
			s.w.network.Status = *n.Status.DeepCopy()
		}
		return nil
	}
	for i := range s.w.requests {
		if s.w.requests[i].Name == o.GetName() {
			s.w.requests[i].Status.Conditions = o.(*v1alpha1.RangeRequest).Status.Conditions
			s.w.requests[i].Status.ObservedNodes = o.(*v1alpha1.RangeRequest).Status.ObservedNodes
		}
	}
	return nil
}

// condition returns the status and the reason of a request's condition.
func (w *world) condition(request, kind string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.requests {
		if cond := meta.FindStatusCondition(r.Status.Conditions, kind); r.Name == request && cond != nil {
			return string(cond.Status) + " " + cond.Reason
		}
	}
	return ""
}

// patch is the API server's part of the Writer.
func (w *world) patch(req *http.Request) (*http.Response, error) {
	answer := func(code int) (*http.Response, error) {
		body := fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","code":%d}`, code)
		return &http.Response{StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
	var p struct {
		Metadata struct{ UID types.UID }
		Spec     struct {
			PodCIDR  string
			PodCIDRs []string
		}
		Status struct{ Conditions []corev1.NodeCondition }
	}
	if err := json.NewDecoder(req.Body).Decode(&p); err != nil {
		return nil, err
	}
	name := strings.Split(strings.Trim(req.URL.Path, "/"), "/")[1]
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.unlucky() != nil || len(p.Status.Conditions) > 0 && w.refuseConditions != nil && w.refuseConditions() {
		return answer(http.StatusInternalServerError)
	}
	n := w.nodes[name]
	if w.conflicts > 0 {
		w.conflicts--
		return answer(http.StatusConflict)
	}
	switch {
	case n == nil:
		return answer(http.StatusNotFound)
	case n.UID != p.Metadata.UID:
		return answer(http.StatusConflict)
	case len(p.Spec.PodCIDRs) > 0 && len(n.Spec.PodCIDRs) > 0 && !slices.Equal(p.Spec.PodCIDRs, n.Spec.PodCIDRs):
		return answer(http.StatusUnprocessableEntity)
	}
	if len(p.Spec.PodCIDRs) > 0 && len(n.Spec.PodCIDRs) == 0 {
		if p.Spec.PodCIDR != p.Spec.PodCIDRs[0] {
			w.t.Errorf("podCIDR is %s, podCIDRs %v", p.Spec.PodCIDR, p.Spec.PodCIDRs)
		}
		w.judgePublished(n, p.Spec.PodCIDRs)
		n.Spec.PodCIDRs = p.Spec.PodCIDRs
	}
	for _, cond := range p.Status.Conditions {
		w.reported[name]++
		n.Status.Conditions = slices.DeleteFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool { return c.Type == cond.Type })
		n.Status.Conditions = append(n.Status.Conditions, cond)
	}
	w.changed(name)
	if w.unlucky() != nil {
		return answer(http.StatusInternalServerError) // the reply is lost
	}
	return answer(http.StatusOK)
}

// answeredBy is a client of core/v1 whose requests a function answers.
func answeredBy(t *testing.T, answer func(*http.Request) (*http.Response, error)) rest.Interface {
	version := corev1.SchemeGroupVersion
	c, err := rest.NewRESTClient(&url.URL{Scheme: "https", Host: "localhost"}, "", rest.ClientContentConfig{
		ContentType: runtime.ContentTypeJSON, GroupVersion: version, Negotiator: runtime.NewClientNegotiator(scheme.Codecs.WithoutConversion(), version),
	}, nil, restfake.CreateHTTPClient(answer))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
