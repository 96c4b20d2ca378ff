// Package informer is how the controllers watch what there is much of, so that
// ten thousand Nodes take little time and memory.
//
// Off the wire come Nodes without what no controller reads: images,
// annotations, managed fields, the kubelet's conditions. That is most of a
// Node, and to decode it costs more time and more garbage than all that is done
// with the rest. What remains decodes into an ordinary Node, which must never be
// written back. The cache's transform then shares what Nodes have in common.
package informer
