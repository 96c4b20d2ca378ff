// Package inflight knows what the cloud is busy with: the operations under way,
// one at most for each Node, those whose outcome is unknown, and how many Nodes
// it may be busy with at the same time.
package inflight
