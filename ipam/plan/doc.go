// Package plan does the arithmetic of capacity and decides, as a pure function, which ranges a request gets.
//
// Capacity goes from pods to addresses to prefix lengths and back. A node's range holds Factor times its pods,
// rounded up to a power of two; with Factor 2, as GKE does it, no address is used again soon after its pod went:
//
//	node length  = W - ceil(log2(Factor * pods))       W = 32 or 128 bits
//	range length = node length - ceil(log2(nodes))
//
// Worked example: 110 pods need 220 addresses, so a node gets 256, a /24; 1,000 such nodes need 1,024, a /14. And
// back: a /14 feeds 2^(24-14) = 1,024 nodes with a /24 each, and a /24 carries 256/2 = 128 pods.
//
// A plan is a list of actions, each with its reason as a value for programs and in words for people. Nothing is
// done here: the caller applies the actions, and applies none of them where one is a refusal.
package plan
