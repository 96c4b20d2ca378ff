// Package fabric is the network of the lab's machines: a VPC made of network
// namespaces, in which real packets go where the simulated cloud says, and
// nowhere else.
//
// One namespace is the fabric. Each machine is plugged into it by a pair of
// devices, and another namespace is the internet behind its gateway. A loop
// reads the cloud's API as anybody could, renders what the kernel is to be told
// as a pure value, and applies the difference: routes, the senders that each NIC
// may use, firewall rules, and load balancers. As in real clouds the data plane
// follows a random time after the API; Config.Lag bounds it.
package fabric
