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
	actionListEntries  = "GetManagedPrefixListEntries"
	actionInterfaces   = "DescribeNetworkInterfaces"
	actionInstances    = "DescribeInstances"
	actionTypes        = "DescribeInstanceTypes"
	actionReserve      = "CreateSubnetCidrReservation"
	actionUnreserve    = "DeleteSubnetCidrReservation"
	actionAssign       = "AssignPrivateIpAddresses"
	actionUnassign     = "UnassignPrivateIpAddresses"
	actionAssign6      = "AssignIpv6Addresses"
	actionUnassign6    = "UnassignIpv6Addresses"
	actionRoute        = "CreateRoute"
	actionUnroute      = "DeleteRoute"
	actionCheck        = "ModifyNetworkInterfaceAttribute"
	actionAddBlock     = "AssociateVpcCidrBlock"
	actionDropBlock    = "DisassociateVpcCidrBlock"
	actionAddSubnet    = "CreateSubnet"
	actionDropSubnet   = "DeleteSubnet"
)

// fragmented: EC2 counts single free addresses only, of which there may be many.
const fragmented = "no free block of whole /28s is left there, however many single addresses are: choose another block, or grow the range"

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
		if action == actionRoute {
			return "have the quota of routes per route table raised in Service Quotas (Amazon VPC), by which the number of nodes is bounded, and say so to the manager"
		}
		return "have the quota raised in Service Quotas (Amazon VPC)"
	case cloud.LimitExceeded:
		return "an instance type limits what its interfaces hold; use a larger one or ask for less"
	case cloud.Conflict:
		return "find what holds the addresses and free them, or choose others; nothing of theirs is changed"
	case cloud.NotFound:
		if action == actionListEntries {
			return "have whoever owns the prefix list share it with this account again, or put its blocks into the Network's reserved"
		}
		return "check that it exists and that the Network names the right VPC, subnets and region"
	case cloud.OutcomeUnknown:
		return "the change may have been made; it is read back before anything else is done"
	case cloud.Invalid:
		if action == actionAddBlock {
			return "choose a block out of 100.64.0.0/10, which goes with every VPC, into which no route leads; the text says what EC2 does not accept"
		}
		return "choose another prefix: the text says what EC2 does not accept"
	}
	return ""
}
