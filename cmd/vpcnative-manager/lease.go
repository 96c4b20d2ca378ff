package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// lease is the Lease that the leader holds.
type lease struct {
	clients         kubernetes.Interface
	lock            resourcelock.Interface
	namespace, name string
	identity        string
	elects          bool
}

func newLease(o *options, clients kubernetes.Interface) (*lease, error) {
	identity, err := newIdentity()
	if err != nil {
		return nil, err
	}
	lock, err := resourcelock.New(resourcelock.LeasesResourceLock, o.namespace, o.leaseName,
		clients.CoreV1(), clients.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: identity})
	if err != nil {
		return nil, fmt.Errorf("making the lock on Lease %s/%s: %w", o.namespace, o.leaseName, err)
	}
	return &lease{clients: clients, lock: lock, namespace: o.namespace, name: o.leaseName, identity: identity, elects: o.leaderElect}, nil
}

// held reads live whether this manager holds the Lease and the Lease has not
// run out.
func (l *lease) held(ctx context.Context) error {
	if !l.elects {
		return nil
	}
	got, err := l.clients.CoordinationV1().Leases(l.namespace).Get(ctx, l.name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading Lease %s/%s: %w", l.namespace, l.name, err)
	}
	s := got.Spec
	if s.HolderIdentity == nil || *s.HolderIdentity != l.identity {
		return fmt.Errorf("the Lease %s/%s is held by another manager", l.namespace, l.name)
	}
	if s.RenewTime == nil || s.LeaseDurationSeconds == nil {
		return errors.New("the Lease says no time")
	}
	if end := s.RenewTime.Add(time.Duration(*s.LeaseDurationSeconds) * time.Second); time.Now().After(end) {
		return fmt.Errorf("the Lease %s/%s ran out at %s", l.namespace, l.name, end)
	}
	return nil
}
