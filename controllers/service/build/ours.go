package build

import (
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// Ours reports whether the Service is to have a load balancer of ours.
func Ours(s *corev1.Service, withoutClass bool) bool {
	if s.Spec.Type != corev1.ServiceTypeLoadBalancer || !s.DeletionTimestamp.IsZero() {
		return false
	}
	if s.Spec.LoadBalancerClass == nil {
		return withoutClass
	}
	return *s.Spec.LoadBalancerClass == v1alpha1.ClassLoadBalancer
}

// Concerned are the Services that are or were ours.
func Concerned(list []corev1.Service, withoutClass bool) (out []client.Object) {
	for i := range list {
		if s := &list[i]; Ours(s, withoutClass) || controllerutil.ContainsFinalizer(s, v1alpha1.LoadBalancerFinalizer) {
			out = append(out, s)
		}
	}
	return out
}
