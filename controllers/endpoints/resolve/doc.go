// Package resolve says which endpoints of a Service's port the cloud's groups
// are to hold: from EndpointSlices, Nodes and the pods' addresses, without a
// call.
//
//	EndpointSlices
//	      | Merge      one port's endpoints, each once
//	[]Endpoint
//	      | Place      the machine of each, and whether the namespace may have it
//	Placement
package resolve
