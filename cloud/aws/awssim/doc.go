// Package awssim is an in-memory Amazon EC2 for tests and demonstrations: an
// http.Handler that the real SDK client speaks to over the query protocol,
// github.com/aws/aws-sdk-go-v2/service/ec2 with BaseEndpoint set to the
// server's URL.
//
// It knows VPCs with their CIDR associations, subnets, subnet CIDR
// reservations, instances of the types in instancetypes.go, network interfaces
// with addresses and IPv4 prefixes, route tables, and tags. It is strict: what
// EC2 refuses is refused here, with the same code and, where it is known, the
// same text. Facts come from the EC2 API reference (version 2016-11-15) and
// the VPC and EC2 user guides; a comment says where a rule or a text is a guess.
//
// The model:
//
//   - Stored objects are immutable; a change replaces the object. A journal of
//     changes answers stale reads.
//   - Calls take effect at once, but for the states of CIDR associations and
//     subnets, which Config.Latency delays. EC2 has no operation objects.
//   - An ID younger than Config.Fresh is unknown to every call, as it may be
//     on EC2, whose API is eventually consistent.
//   - Nothing runs in the background: what is due is settled at the start of
//     each call. A Sim that is no longer used needs no closing.
//
// What it does not have: interfaces made over the API, security groups, load
// balancing. An action it does not know
// answers InvalidAction, a parameter it does not know UnknownParameter.
package awssim
