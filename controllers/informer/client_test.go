package informer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// protobufOf returns the plain serializer and the lean one.
func protobufOf(t testing.TB) (plain, thin runtime.Serializer) {
	t.Helper()
	pick := func(of runtime.NegotiatedSerializer) runtime.Serializer {
		info, ok := runtime.SerializerInfoForMediaType(of.SupportedMediaTypes(), runtime.ContentTypeProtobuf)
		if !ok {
			t.Fatal("no protobuf")
		}
		return info.Serializer
	}
	codecs := scheme.Codecs.WithoutConversion()
	return pick(codecs), pick(newSerializers(codecs))
}

// aNode is at random and has, among much else, all that is read.
func aNode(r *rand.Rand) *corev1.Node {
	some := func(words ...string) string { return words[r.IntN(len(words))] }
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: fmt.Sprint("node-", r.IntN(1000)), UID: types.UID(fmt.Sprint(r.Int())), ResourceVersion: fmt.Sprint(r.Int()),
		Generation: 7, CreationTimestamp: metav1.Unix(r.Int64N(1e9), 0),
		ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubelet", FieldsV1: metav1.NewFieldsV1(`{"f:status":{}}`)}},
		Finalizers:    []string{"a/b"}, OwnerReferences: []metav1.OwnerReference{{Name: "x"}},
	}}
	if r.IntN(4) == 0 {
		now := metav1.Unix(r.Int64N(1e9), 0)
		n.DeletionTimestamp = &now
	}
	for i := range r.IntN(20) {
		if n.Labels == nil {
			n.Labels, n.Annotations = map[string]string{}, map[string]string{}
		}
		n.Labels[fmt.Sprint("label-", i)] = strings.Repeat("v", r.IntN(200))
		n.Annotations[fmt.Sprint("note-", i)] = strings.Repeat("v", r.IntN(3000))
	}
	if r.IntN(2) == 0 {
		n.Spec.PodCIDR = "10.0.0.0/24"
		n.Spec.PodCIDRs = []string{n.Spec.PodCIDR, "fd00::/112"}[:1+r.IntN(2)]
	}
	n.Spec.ProviderID = some("", "gce://p/z/"+n.Name)
	n.Spec.Taints = []corev1.Taint{{Key: "k", Effect: "NoSchedule"}}
	n.Status.Capacity = corev1.ResourceList{"cpu": resource.MustParse("8"), "memory": resource.MustParse("3Gi")}
	if r.IntN(3) > 0 {
		n.Status.Capacity["pods"] = resource.MustParse(some("0", "32", "110", "1k"))
	}
	n.Status.Allocatable = n.Status.Capacity
	for _, kind := range []corev1.NodeConditionType{corev1.NodeReady, corev1.NodeNetworkUnavailable, "vpcnative.dev/ForeignPodCIDR", corev1.NodeDiskPressure} {
		if r.IntN(2) == 0 {
			n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{
				Type: kind, Status: corev1.ConditionStatus(some("True", "False")), Reason: some("", "R"), Message: some("", "m"),
				LastHeartbeatTime: metav1.Unix(5, 0), LastTransitionTime: metav1.Unix(6, 0),
			})
		}
	}
	n.Status.NodeInfo.KubeletVersion = "v1.36.3"
	for i := range r.IntN(60) {
		n.Status.Images = append(n.Status.Images, corev1.ContainerImage{SizeBytes: 1, Names: []string{fmt.Sprintf("registry.example.com/image-%d@sha256:%064d", i, i)}})
	}
	return n
}

func encoded(t testing.TB, s runtime.Serializer, o runtime.Object) []byte {
	t.Helper()
	o.GetObjectKind().SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(reflect.TypeOf(o).Elem().Name()))
	var b strings.Builder
	if err := s.Encode(o, &b); err != nil {
		t.Fatal(err)
	}
	return []byte(b.String())
}

func TestTheCacheKeepsOfALeanNodeWhatItKeepsOfAWholeOne(t *testing.T) {
	plain, thin := protobufOf(t)
	for seed := range uint64(300) {
		n := aNode(rand.New(rand.NewPCG(seed, 1)))
		data := encoded(t, plain, n)
		slim := func(s runtime.Serializer) any {
			got, _, err := s.Decode(data, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			kept, err := TrimNode(got)
			if err != nil {
				t.Fatal(err)
			}
			return kept
		}
		if whole, lean := slim(plain), slim(thin); !reflect.DeepEqual(whole, lean) {
			t.Fatalf("seed %d: whole %+v\nlean %+v", seed, whole, lean)
		}
	}
}

func TestWhatNobodyReadsIsLeftOut(t *testing.T) {
	_, thin := protobufOf(t)
	got, _, err := thin.Decode(encoded(t, thin, aNode(rand.New(rand.NewPCG(3, 1)))), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	n := got.(*corev1.Node)
	if n.ManagedFields != nil || n.Annotations != nil || n.Status.Images != nil || n.Status.NodeInfo.KubeletVersion != "" || n.Status.Allocatable != nil {
		t.Errorf("there is still %+v", n)
	}
}

func TestTheBookmarkThatEndsAListKeepsItsAnnotation(t *testing.T) {
	plain, thin := protobufOf(t)
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "7", Annotations: map[string]string{metav1.InitialEventsAnnotationKey: "true", "x": "y"}}}
	got, _, err := thin.Decode(encoded(t, plain, n), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a := got.(*corev1.Node).Annotations; len(a) != 1 || a[metav1.InitialEventsAnnotationKey] != "true" {
		t.Errorf("annotations %v", a)
	}
}

func TestOtherKindsAreReadWhole(t *testing.T) {
	plain, thin := protobufOf(t)
	status := &metav1.Status{Message: "no", Code: 404, Reason: metav1.StatusReasonNotFound}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Annotations: map[string]string{"a": "b"}}}
	for _, o := range []runtime.Object{status, pod} {
		data := encoded(t, plain, o)
		want, _, err := plain.Decode(data, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := thin.Decode(data, nil, nil)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%T: got %+v, %v; want %+v", o, got, err, want)
		}
	}
}

func FuzzABrokenNodeIsRefusedOrReadAsItIs(f *testing.F) {
	plain, thin := protobufOf(f)
	for seed := range uint64(5) {
		f.Add(encoded(f, plain, aNode(rand.New(rand.NewPCG(seed, 1)))))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		want, _, wantErr := plain.Decode(data, nil, nil)
		got, _, err := thin.Decode(data, nil, nil)
		if wantErr != nil {
			return // what is broken may have been left out
		}
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		if _, ok := want.(*corev1.Node); !ok {
			return
		}
		whole, _ := TrimNode(want)
		lean, _ := TrimNode(got)
		if !reflect.DeepEqual(whole, lean) {
			t.Fatalf("whole %+v\nlean %+v", whole, lean)
		}
	})
}

func TestAListIsReadInPages(t *testing.T) {
	plain, _ := protobufOf(t)
	r := rand.New(rand.NewPCG(1, 1))
	pages := map[string]*corev1.NodeList{
		"":  {ListMeta: metav1.ListMeta{Continue: "2", ResourceVersion: "9"}, Items: []corev1.Node{*aNode(r), *aNode(r)}},
		"2": {Items: []corev1.Node{*aNode(r)}},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path != "/api/v1/nodes" || q.URL.Query().Get("limit") != "2" {
			t.Errorf("asked for %s", q.URL)
		}
		w.Header().Set("Content-Type", runtime.ContentTypeProtobuf)
		_, _ = w.Write(encoded(t, plain, pages[q.URL.Query().Get("continue")]))
	}))
	defer server.Close()
	c, err := NewClient(&rest.Config{Host: server.URL, Timeout: time.Minute}, server.Client())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for next := ""; ; {
		var page corev1.NodeList
		if err := (Reader{Nodes: c}).List(context.Background(), &page, client.Limit(2), client.Continue(next)); err != nil {
			t.Fatal(err)
		}
		for i := range page.Items {
			n := &page.Items[i]
			if len(n.Status.Images) > 0 || n.UID == "" {
				t.Errorf("not lean: %v", n)
			}
			got = append(got, n.Name)
		}
		if next = page.Continue; next == "" {
			break
		}
	}
	want := []string{pages[""].Items[0].Name, pages[""].Items[1].Name, pages["2"].Items[0].Name}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
}

func BenchmarkDecode(b *testing.B) {
	plain, thin := protobufOf(b)
	n := aNode(rand.New(rand.NewPCG(3, 1)))
	data := encoded(b, plain, n)
	for name, s := range map[string]runtime.Serializer{"whole": plain, "lean": thin} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				got, _, err := s.Decode(data, nil, nil)
				if err == nil {
					_, err = TrimNode(got)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
