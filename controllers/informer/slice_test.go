package informer

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// TestASliceKeepsWhatIsRead, and nothing that is large and is not; what the
// informer hands over stays as it is.
func TestASliceKeepsWhatIsRead(t *testing.T) {
	t.Parallel()
	labels := map[string]string{discoveryv1.LabelServiceName: "web", discoveryv1.LabelManagedBy: "x", "app": "y"}
	whole := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-1", ResourceVersion: "7", Labels: labels, Annotations: map[string]string{"a": "b"}},
		AddressType: discoveryv1.AddressTypeIPv4, Ports: []discoveryv1.EndpointPort{{Name: ptr.To("http"), Port: ptr.To[int32](80)}},
		Endpoints: []discoveryv1.Endpoint{{Addresses: []string{"10.0.0.1", "10.0.0.2"}, NodeName: ptr.To("n"), Zone: ptr.To("z"), TargetRef: &corev1.ObjectReference{Name: "p"},
			Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(false), Serving: ptr.To(true)}}, {}}}
	before := whole.DeepCopy()
	got, err := TrimEndpointSlice(whole)
	if err != nil {
		t.Fatal(err)
	}
	s := got.(*discoveryv1.EndpointSlice)
	e := s.Endpoints[0]
	if s.Namespace != "shop" || s.Name != "web-1" || s.ResourceVersion != "7" || s.Labels[discoveryv1.LabelServiceName] != "web" || *s.Ports[0].Port != 80 ||
		e.Addresses[0] != "10.0.0.1" || *e.Conditions.Ready || !*e.Conditions.Serving || e.Conditions.Terminating != nil || len(s.Endpoints) != 2 {
		t.Errorf("the cache has %+v", s)
	}
	if len(s.Labels) != 1 || s.Annotations != nil || e.NodeName != nil || e.Zone != nil || e.TargetRef != nil || len(e.Addresses) != 1 {
		t.Errorf("the cache has what nobody reads: %+v", s)
	}
	if labels["app"] != "y" || *whole.Endpoints[0].NodeName != *before.Endpoints[0].NodeName {
		t.Errorf("what was handed over is another now: %+v", whole)
	}
}
