package informer

import (
	"context"
	"fmt"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// NewClient makes a client of the core/v1 API that decodes of Nodes only what
// the controllers read.
func NewClient(cfg *rest.Config, httpClient *http.Client) (rest.Interface, error) {
	cfg = rest.CopyConfig(cfg)
	cfg.APIPath, cfg.GroupVersion = "/api", &corev1.SchemeGroupVersion
	cfg.ContentType = runtime.ContentTypeProtobuf
	cfg.AcceptContentTypes = runtime.ContentTypeProtobuf
	cfg.NegotiatedSerializer = newSerializers(scheme.Codecs.WithoutConversion())
	c, err := rest.RESTClientForConfigAndClient(cfg, httpClient)
	if err != nil {
		return nil, fmt.Errorf("connecting to the API server for Nodes: %w", err)
	}
	return c, nil
}

// ListWatch lists and watches Nodes.
func ListWatch(c rest.Interface) cache.ListerWatcher {
	return cache.NewFilteredListWatchFromClient(c, "nodes", metav1.NamespaceAll, func(*metav1.ListOptions) {})
}

// Reader lists Nodes by the client of NewClient and reads all else, also a
// single Node, by the Reader in it.
type Reader struct {
	client.Reader
	Nodes rest.Interface
}

// List is that of client.Reader.
func (r Reader) List(ctx context.Context, into client.ObjectList, opts ...client.ListOption) error {
	nodes, ok := into.(*corev1.NodeList)
	if !ok {
		return r.Reader.List(ctx, into, opts...)
	}
	var o client.ListOptions
	o.ApplyOptions(opts)
	return r.Nodes.Get().Resource("nodes").VersionedParams(o.AsListOptions(), metav1.ParameterCodec).Do(ctx).Into(nodes)
}

// serializers are a client's, of which that of protobuf strips Nodes.
type serializers struct {
	runtime.NegotiatedSerializer
	types []runtime.SerializerInfo
}

func newSerializers(of runtime.NegotiatedSerializer) serializers {
	s := serializers{NegotiatedSerializer: of}
	for _, t := range of.SupportedMediaTypes() {
		if t.MediaType == runtime.ContentTypeProtobuf {
			t.Serializer = serializer{t.Serializer}
		}
		s.types = append(s.types, t)
	}
	return s
}

func (s serializers) SupportedMediaTypes() []runtime.SerializerInfo { return s.types }
