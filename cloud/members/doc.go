// Package members keeps what the groups behind load balancers hold: nodes, and
// later pods. Which groups there are is the shape of a load balancer
// ([github.com/vpcnative/vpcnative/cloud/lb]); what they hold comes and goes
// all the time and changes no load balancer.
//
//	what is held, what is wanted
//	      | Plan           pure
//	[]Change               who comes and who goes, group by group
//	      | Run, Groups    each by itself, in calls as large as the cloud takes
//	Result                 what came of each member
//
// A cloud refuses a whole call for one member that it does not take, such as a
// machine that is stopped or gone. Run finds it by halves, so that it keeps
// nobody else out, and [Aside] remembers it, so that it is not looked for in
// every call.
package members
