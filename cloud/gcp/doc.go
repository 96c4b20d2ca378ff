// Package gcp is the adapter to Google Compute Engine: it reads the address
// space of a VPC network, makes secondary ranges of its node subnets, and
// puts alias ranges on the first interface of instances.
//
// Two generated clients stand behind one seam (seam.go). Single objects go
// through cloud.google.com/go/compute/apiv1. Lists go through
// google.golang.org/api/compute/v1, because apiv1's list calls leave the
// caller's context out of the request, so that a hung page could not be
// given up. So does what clears a list, because apiv1 drops an empty one
// (protojson without EmitUnpopulated).
//
// Every HTTP request passes [cloud.Hook] once; the SDKs' own retries are off.
package gcp
