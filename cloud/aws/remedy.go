package aws

import (
	"github.com/vpcnative/vpcnative/cloud"
)

// The actions, as the API names them. The IAM permission of each is
// "ec2:" and its name.
const (
	actionVPCs         = "DescribeVpcs"
	actionSubnets      = "DescribeSubnets"
	actionReservations = "GetSubnetCidrReservations"
	actionRouteTables  = "DescribeRouteTables"
	actionInterfaces   = "DescribeNetworkInterfaces"
	actionInstances    = "DescribeInstances"
	actionTypes        = "DescribeInstanceTypes"
	actionReserve      = "CreateSubnetCidrReservation"
	actionUnreserve    = "DeleteSubnetCidrReservation"
	actionAssign       = "AssignPrivateIpAddresses"
	actionUnassign     = "UnassignPrivateIpAddresses"
)

// remedy says what a person can do about an error.
func remedy(r cloud.Reason, action, resource string) string {
	switch r {
	case cloud.PermissionDenied:
		more := ""
		if also[action] != "" {
			more = " and " + also[action]
		}
		return "allow " + permission(action) + more + " on " + resource + " in the IAM policy of the manager's role"
	case cloud.Unauthenticated:
		return credentialsRemedy
	case cloud.Throttled:
		return "have the rate of " + permission(action) + " raised by AWS support if this lasts"
	case cloud.QuotaExceeded:
		return "have the quota raised in Service Quotas (Amazon VPC)"
	case cloud.LimitExceeded:
		return "an instance type limits what its interfaces hold; use a larger one or ask for less"
	case cloud.Conflict:
		return "find what holds the addresses and free them, or choose others; nothing of theirs is changed"
	case cloud.NotFound:
		return "check that it exists and that the Network names the right VPC, subnets and region"
	case cloud.OutcomeUnknown:
		return "the change may have been made; it is read back before anything else is done"
	case cloud.Invalid:
		return "choose another prefix: the text says what EC2 does not accept"
	}
	return ""
}
