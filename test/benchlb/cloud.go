package main

import (
	"context"
	"time"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// simulation is the cloud that Services get their balancers in.
type simulation interface {
	// addMachine makes the n-th machine; zones take turns.
	addMachine(n int) (machine, error)
	removeMachine(machine) error
	network() v1alpha1.NetworkSpec
	// open connects anew, as a manager that starts does.
	open(context.Context) (lb.Balancers, func(), error)
	// pools is how many members each pool has: one number a pool.
	pools() []int
	// holds reports whether some pool has the machine.
	holds(machine) bool
	// left is what there still is of balancers.
	left() []string

	// wasRead reports whether all that there is has been read since ResetCalls.
	wasRead() bool

	CallCounts() map[string]int
	MutatingCalls() int
	ResetCalls()
	lastCall() time.Time
}

// machine is what a Node is made of.
type machine struct{ name, zone, providerID, ip string }

// contender is a way of having balancers on a cloud.
type contender struct {
	name string
	// annotations of every Service.
	annotations map[string]string
	simulate    func(settings) (simulation, error)
	// perBalancer: every balancer has a pool of its own.
	perBalancer bool
}

func contenders(settings) []contender {
	return []contender{
		{name: "gcp, endpoint groups", simulate: newGCE},
		{name: "gcp, instance groups", simulate: newGCE, annotations: map[string]string{"vpcnative.dev/backends": lb.InstanceGroups}},
		{name: "aws", simulate: newEC2, perBalancer: true},
	}
}
