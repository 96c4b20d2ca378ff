// Package gcesim is an in-memory Compute Engine for tests and demonstrations:
// an http.Handler that the real SDK clients speak to over its REST API,
// cloud.google.com/go/compute/apiv1 with the endpoint set to the server's
// URL, and google.golang.org/api/compute/v1 with ".../compute/v1/".
//
// It knows projects, networks and their peerings, subnetworks with secondary
// ranges, instances with interfaces and alias ranges, routes, Cloud Routers with what
// they learn, internal addresses, VPC firewall rules, regional load balancers (passthrough ones and TCP
// proxies: health checks, backend services, target TCP proxies and forwarding rules, zonal endpoint
// groups, unmanaged instance groups, addresses), regions, zones, and the operations that every
// mutation returns.
// It is strict: what the API reference says is refused is refused here with
// the same status, reason and text, at the same moment (in the reply, or in
// the operation's error). Facts come from the public Compute Engine reference
// (https://cloud.google.com/compute/docs/reference/rest/v1) and the VPC
// guides; the comment beside each rule names the page.
//
// The model:
//
//   - Stored objects are immutable; a change replaces the object. A read under
//     the lock takes pointers, the JSON is written outside it.
//   - A mutation is validated and its addresses are claimed when it is
//     accepted; what it changes becomes visible when its operation is DONE. A
//     released address is free when the operation that released it is DONE
//     (Config.ReleaseDelay later, where that is set).
//   - Nothing runs in the background: operations that are due are settled at
//     the start of each call, in the order in which they fall due. A Sim that
//     is no longer used needs no closing.
//
// What it does not have: disks, images, firewall policies, proxies of HTTP and TLS, IAM (a token
// has every right, a project may use any project's subnetwork), IPv6 alias
// ranges, and subnetworks and interfaces that have IPv6 only. A method it does
// not know answers 404. A query parameter, a field of a request or of a filter
// that it does not model is refused.
package gcesim
