// Package awssim is an in-memory Amazon EC2 and Elastic Load Balancing for
// tests and demonstrations: an http.Handler that the real SDK clients speak to
// over the query protocol, service/ec2 and service/elasticloadbalancingv2 of
// github.com/aws/aws-sdk-go-v2 with BaseEndpoint set to the server's URL. The
// Version of a request tells which of the two it is for.
//
// It knows VPCs with their CIDR associations, subnets, subnet CIDR
// reservations, instances of the types in instancetypes.go, network interfaces
// with addresses and IPv4 prefixes, route tables, managed prefix lists, security groups, Elastic IPs,
// tags; network load balancers with listeners of TCP and UDP and target groups
// of instances, whose health follows from the security groups. It is strict: what
// EC2 refuses is refused here, with the same code and, where it is known, the
// same text. Facts come from the API references of EC2 (2016-11-15) and ELB
// (2015-12-01) and the VPC, EC2 and ELB user guides; a comment says where a rule or a text is a guess.
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
// What it does not have: rules outwards of security groups, interfaces made
// over the API, application load balancers. An action it does not know
// answers InvalidAction, a parameter it does not know UnknownParameter.
package awssim
