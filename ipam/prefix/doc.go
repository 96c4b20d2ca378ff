// Package prefix does arithmetic on sets of address prefixes: what overlaps, what is left when something is taken
// out, and where a block of a given length goes.
//
// A set is a []netip.Prefix. Functions that return a set return it in canonical form: masked, in ascending order
// (IPv4 before IPv6), without overlap, and with buddies (two halves of one larger prefix) merged, so that every
// set of addresses has exactly one form and its members are the largest aligned blocks. Arguments may be in any
// form and order.
//
// Worked example: taking 10.0.0.64/26 out of 10.0.0.0/24 leaves
//
//	10.0.0.0/26, 10.0.0.128/25
//
// and carving a /27 from that takes 10.0.0.0/27, half of the smaller block, so that the /25 stays whole.
package prefix
