// Package aws is the adapter to Amazon EC2: it reads the address space of a
// VPC, makes subnet CIDR reservations in its node subnets, and delegates IPv4
// prefixes out of them to the primary interface of instances.
//
// EC2 delegates prefixes of one size, /28. A node's pod range is a run of them,
// aligned and contiguous, asked for by name and never by number: whoever asks
// for a number twice, after a lost reply, gets it twice. A call assigns all of
// its prefixes or none.
//
// The SDK stands behind one seam (seam.go). Every request passes [cloud.Hook]
// once; the SDK repeats none. EC2 has no operations to wait for and no
// versions: a change is made when its reply comes, and what a caller knows of
// an interface is enough to ask by, since a prefix that somebody else holds is
// refused.
package aws
