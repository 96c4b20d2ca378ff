// Package allocator holds, in memory, which prefix of which range is whose: one
// pool for each RangeRequest and subnet, and the nodes and instances that
// hold parts of them. It knows neither Kubernetes nor a cloud, does nothing
// that can block, and is safe for concurrent use.
//
// Until [Allocator.Rebuild] has been given everything there is to know, it gives
// nothing out (I8). A holder is a Node, by its UID, or, where an instance was
// seen with a prefix and no Node is known for it, that instance; a Node that
// turns up for the instance takes its place.
package allocator
