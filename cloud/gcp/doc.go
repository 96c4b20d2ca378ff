// Package gcp is the adapter to Google Compute Engine: it reads the address
// space of a VPC network, makes secondary ranges of its node subnets
// and the region's proxy-only subnet, puts alias ranges on the first interface
// of instances, and keeps VPC firewall rules of ours.
//
// The generated client google.golang.org/api/compute/v1 stands behind one seam
// (seam.go). It is not cloud.google.com/go/compute/apiv1, whose descriptors of
// the whole API take 12 MiB of heap and as much of the binary, whose list calls
// leave the caller's context out of the request, so that a hung page could not
// be given up, and which drops an empty list (protojson without
// EmitUnpopulated), so that it cannot clear one.
//
// Every HTTP request passes [cloud.Hook] once; the client repeats none.
package gcp
