package masquerade

import (
	"errors"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// Somebody else writes the ConfigMap between our look and our write: that is
// done again, and nobody is told of it.
func TestAnEditMeanwhileIsNoTrouble(t *testing.T) {
	t.Parallel()
	for verb, had := range map[string][]runtime.Object{
		"create": nil,
		"update": {&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "agent", Labels: map[string]string{managedBy: us}}}},
	} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			clients := fake.NewClientset(had...)
			tries := 0
			clients.PrependReactor(verb, "configmaps", func(clienttesting.Action) (bool, runtime.Object, error) {
				tries++
				what := schema.GroupResource{Resource: "configmaps"}
				switch {
				case tries > 2:
					return false, nil, nil
				case verb == "create":
					return true, nil, apierrors.NewAlreadyExists(what, "agent")
				}
				return true, nil, apierrors.NewConflict(what, "agent", errors.New("the object has been modified"))
			})
			c := New(Config{ConfigMaps: clients.CoreV1().ConfigMaps("kube-system"), Namespace: "kube-system", Name: "agent"})
			if got := c.keep(t.Context(), reading{}, nil); got.Status != metav1.ConditionTrue {
				t.Errorf("it says %s: %s", got.Reason, got.Message)
			}
		})
	}
}

// What is hidden from now on may be where pods go with their own addresses: it
// is not taken out, and everything else goes on.
func TestWhatIsHiddenIsNotTakenOut(t *testing.T) {
	t.Parallel()
	before, err := Render([]netip.Prefix{netip.MustParsePrefix("10.70.0.0/24")})
	if err != nil {
		t.Fatal(err)
	}
	clients := fake.NewClientset(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "agent", Labels: map[string]string{managedBy: us}},
		Data: map[string]string{configKey: before}})
	c := New(Config{ConfigMaps: clients.CoreV1().ConfigMaps("kube-system"), Namespace: "kube-system", Name: "agent"})
	for _, partly := range []bool{true, false} {
		if got := c.keep(t.Context(), reading{partly: partly}, nil); got.Status != metav1.ConditionTrue {
			t.Errorf("it says %s: %s", got.Reason, got.Message)
		}
		now, err := c.ConfigMaps.Get(t.Context(), "agent", metav1.GetOptions{})
		if err != nil || (now.Data[configKey] == before) != partly {
			t.Errorf("partly seen %v: %v, %v", partly, now.Data, err)
		}
	}
}
