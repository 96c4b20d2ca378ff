// Package claimstest is a small, strict API server of ConfigMaps for tests:
// every write is checked against the resourceVersion, and a hook injects
// faults before and after each call takes effect.
package claimstest

import (
	"context"
	"fmt"
	"maps"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/kubernetes/typed/core/v1"
)

// Moment is when a Hook is called.
type Moment int

const (
	// Before the call takes effect: an error is a call that changed nothing.
	Before Moment = iota
	// After it took effect: an error is a lost reply.
	After
)

// Hook injects faults. Verb is get, list, create or update.
type Hook func(ctx context.Context, verb string, m Moment) error

// Store holds ConfigMaps.
type Store struct {
	v1.ConfigMapInterface // what the ledger does not use

	mu       sync.Mutex
	hook     Hook
	objects  map[string]*corev1.ConfigMap
	revision int
	writes   int
	calls    int
}

var resource = schema.GroupResource{Resource: "configmaps"}

// SetHook replaces the hook; nil takes it away.
func (s *Store) SetHook(h Hook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = h
}

// Writes counts the writes that took effect.
func (s *Store) Writes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

// Calls counts the gets and writes, whatever came of them.
func (s *Store) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// Data returns a copy of what a ConfigMap holds.
func (s *Store) Data(name string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.objects[name]; o != nil {
		return maps.Clone(o.Data)
	}
	return nil
}

// Edit changes a ConfigMap as a person does, or makes it.
func (s *Store) Edit(name string, change func(data map[string]string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.objects[name]
	if o == nil {
		o = &corev1.ConfigMap{}
		o.Name = name
	}
	o = o.DeepCopy()
	if o.Data == nil {
		o.Data = map[string]string{}
	}
	change(o.Data)
	s.put(o)
}

// Remove deletes a ConfigMap as a person does.
func (s *Store) Remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, name)
}

// Freeze makes a ConfigMap immutable, as a person does.
func (s *Store) Freeze(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.objects[name].DeepCopy()
	frozen := true
	o.Immutable = &frozen
	s.put(o)
}

func (s *Store) put(o *corev1.ConfigMap) {
	if s.objects == nil {
		s.objects = map[string]*corev1.ConfigMap{}
	}
	s.revision++
	o.ResourceVersion = fmt.Sprint(s.revision)
	s.objects[o.Name] = o
}

func (s *Store) call(ctx context.Context, verb string, do func() (*corev1.ConfigMap, error)) (*corev1.ConfigMap, error) {
	s.mu.Lock()
	hook := s.hook
	s.calls++
	s.mu.Unlock()
	if hook != nil {
		if err := hook(ctx, verb, Before); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	got, err := do()
	s.mu.Unlock()
	if err == nil && hook != nil {
		err = hook(ctx, verb, After)
	}
	if err != nil {
		return nil, err
	}
	return got.DeepCopy(), nil
}

// Get reads a ConfigMap.
func (s *Store) Get(ctx context.Context, name string, _ metav1.GetOptions) (*corev1.ConfigMap, error) {
	return s.call(ctx, "get", func() (*corev1.ConfigMap, error) {
		if o := s.objects[name]; o != nil {
			return o, nil
		}
		return nil, apierrors.NewNotFound(resource, name)
	})
}

// Create makes a ConfigMap that is not there.
func (s *Store) Create(ctx context.Context, o *corev1.ConfigMap, _ metav1.CreateOptions) (*corev1.ConfigMap, error) {
	o = o.DeepCopy()
	return s.call(ctx, "create", func() (*corev1.ConfigMap, error) {
		if s.objects[o.Name] != nil {
			return nil, apierrors.NewAlreadyExists(resource, o.Name)
		}
		s.put(o)
		s.writes++
		return o, nil
	})
}

// Update replaces a ConfigMap of the very resourceVersion.
func (s *Store) Update(ctx context.Context, o *corev1.ConfigMap, _ metav1.UpdateOptions) (*corev1.ConfigMap, error) {
	o = o.DeepCopy()
	return s.call(ctx, "update", func() (*corev1.ConfigMap, error) {
		had := s.objects[o.Name]
		switch {
		case had == nil:
			return nil, apierrors.NewNotFound(resource, o.Name)
		case o.ResourceVersion == "":
			return nil, apierrors.NewBadRequest("an update without a resourceVersion is not guarded by it")
		case o.ResourceVersion != had.ResourceVersion:
			return nil, apierrors.NewConflict(resource, o.Name, fmt.Errorf("version %s is not %s", o.ResourceVersion, had.ResourceVersion))
		case had.Immutable != nil && *had.Immutable:
			return nil, apierrors.NewInvalid(schema.GroupKind{Kind: "ConfigMap"}, o.Name,
				field.ErrorList{field.Forbidden(field.NewPath("data"), "field is immutable when `immutable` is set")})
		case size(o) > 1<<20:
			return nil, apierrors.NewRequestEntityTooLargeError("a ConfigMap holds at most 1 MiB")
		}
		s.put(o)
		s.writes++
		return o, nil
	})
}

func size(o *corev1.ConfigMap) (n int) {
	for k, v := range o.Data {
		n += len(k) + len(v)
	}
	return n
}
