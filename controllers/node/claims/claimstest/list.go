package claimstest

import (
	"context"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// List returns the ConfigMaps that a label selector picks, on one page.
func (s *Store) List(ctx context.Context, o metav1.ListOptions) (*corev1.ConfigMapList, error) {
	selector, err := labels.Parse(o.LabelSelector)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	hook := s.hook
	s.mu.Unlock()
	if hook != nil {
		if err := hook(ctx, "list", Before); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := &corev1.ConfigMapList{}
	for _, name := range slices.Sorted(maps.Keys(s.objects)) {
		if object := s.objects[name]; selector.Matches(labels.Set(object.Labels)) {
			list.Items = append(list.Items, *object.DeepCopy())
		}
	}
	return list, nil
}
