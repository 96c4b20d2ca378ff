package conditions

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
)

// Lost lets through a write of the status that took the condition of that type
// away, as one that replaces the list does.
func Lost(kind string, of func(client.Object) []metav1.Condition) predicate.Predicate {
	has := func(o client.Object) bool { return meta.FindStatusCondition(of(o), kind) != nil }
	return predicate.Funcs{
		CreateFunc: func(event.CreateEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool { return has(e.ObjectOld) && !has(e.ObjectNew) },
		DeleteFunc: func(event.DeleteEvent) bool { return false },
	}
}
