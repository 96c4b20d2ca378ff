package gcp

import "github.com/vpcnative/vpcnative/cloud"

// Blank is a network of which nothing is known but the cloud's own rules:
// nothing is asked, and only what no network may use is occupied.
func Blank(subnetworks []string) cloud.Snapshot {
	b := &occupancy{}
	b.prohibited(network{})
	snap := cloud.Snapshot{Occupied: b.sorted(), Traits: traits}
	for _, name := range subnetworks {
		snap.Subnets = append(snap.Subnets, cloud.Subnet{Name: name, MaxRanges: maxSecondaryRanges})
	}
	return snap
}
