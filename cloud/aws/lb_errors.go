package aws

import (
	"github.com/vpcnative/vpcnative/cloud"
)

// Actions of load balancing.
const (
	actionGroups      = "DescribeSecurityGroups"
	actionElasticIPs  = "DescribeAddresses"
	actionZones       = "DescribeAvailabilityZones"
	actionCreateGroup = "CreateSecurityGroup"
	actionDeleteGroup = "DeleteSecurityGroup"
	actionTagGroup    = "CreateTags"
	actionAuthorize   = "AuthorizeSecurityGroupIngress"
	actionRevoke      = "RevokeSecurityGroupIngress"

	actionBalancers          = "DescribeLoadBalancers"
	actionBalancerAttributes = "DescribeLoadBalancerAttributes"
	actionCreateBalancer     = "CreateLoadBalancer"
	actionDeleteBalancer     = "DeleteLoadBalancer"
	actionSetBalancer        = "ModifyLoadBalancerAttributes"
	actionSetSubnets         = "SetSubnets"
	actionSetGroups          = "SetSecurityGroups"
	actionSetAddresses       = "SetIpAddressType"
	actionPools              = "DescribeTargetGroups"
	actionPoolAttributes     = "DescribeTargetGroupAttributes"
	actionCreatePool         = "CreateTargetGroup"
	actionSetPool            = "ModifyTargetGroup"
	actionSetPoolAttributes  = "ModifyTargetGroupAttributes"
	actionDeletePool         = "DeleteTargetGroup"
	actionMembers            = "DescribeTargetHealth"
	actionRegister           = "RegisterTargets"
	actionDeregister         = "DeregisterTargets"
	actionListeners          = "DescribeListeners"
	actionCreateListener     = "CreateListener"
	actionSetListener        = "ModifyListener"
	actionDeleteListener     = "DeleteListener"
	actionTags               = "DescribeTags"
	actionAddTags            = "AddTags"
	actionRemoveTags         = "RemoveTags"
)

// Whose rate an action of ELB uses.
const (
	elbRead    = "elb-read"
	elbTargets = "elb-targets"
	elbChange  = "elb-change"
)

// ofELB are the actions of Elastic Load Balancing, and whose rate they use:
// reads share one bucket, and so do changes of targets, and other changes.
// Source: docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html.
var ofELB = map[string]string{
	actionBalancers: elbRead, actionBalancerAttributes: elbRead, actionPools: elbRead, actionPoolAttributes: elbRead,
	actionMembers: elbRead, actionListeners: elbRead, actionTags: elbRead,
	actionRegister: elbTargets, actionDeregister: elbTargets,
	actionCreateBalancer: elbChange, actionDeleteBalancer: elbChange, actionSetBalancer: elbChange, actionSetSubnets: elbChange,
	actionSetGroups: elbChange, actionSetAddresses: elbChange, actionCreatePool: elbChange, actionSetPool: elbChange,
	actionSetPoolAttributes: elbChange, actionDeletePool: elbChange, actionCreateListener: elbChange, actionSetListener: elbChange,
	actionDeleteListener: elbChange, actionAddTags: elbChange, actionRemoveTags: elbChange,
}

// also are further permissions that a call needs.
var also = map[string]string{
	actionReserve: "ec2:CreateTags", actionAddSubnet: "ec2:CreateTags", actionCreateGroup: "ec2:CreateTags",
	actionCreateBalancer: "elasticloadbalancing:AddTags", actionCreatePool: "elasticloadbalancing:AddTags",
}

// permission is the IAM action of a call.
func permission(action string) string {
	if ofELB[action] != "" {
		return "elasticloadbalancing:" + action
	}
	return "ec2:" + action
}

// The codes of ELB, and those of EC2 about security groups and Elastic IPs.
// Source: the errors of each action in the API reference.
var balancingReasons = map[string]cloud.Reason{
	"DuplicateLoadBalancerName": cloud.Conflict, "DuplicateTargetGroupName": cloud.Conflict, "DuplicateListener": cloud.Conflict,
	"ResourceInUse": cloud.Conflict, "OperationNotPermitted": cloud.Conflict, "TargetGroupAssociationLimit": cloud.Conflict,
	"InvalidGroup.Duplicate": cloud.Conflict, "InvalidPermission.Duplicate": cloud.Conflict, "InvalidGroup.InUse": cloud.Conflict,

	"LoadBalancerNotFound": cloud.NotFound, "TargetGroupNotFound": cloud.NotFound, "ListenerNotFound": cloud.NotFound,
	"SubnetNotFound": cloud.NotFound, "AllocationIdNotFound": cloud.NotFound, "InvalidSecurityGroup": cloud.NotFound,

	"TooManyLoadBalancers": cloud.QuotaExceeded, "TooManyTargetGroups": cloud.QuotaExceeded, "SecurityGroupLimitExceeded": cloud.QuotaExceeded,
	"AddressLimitExceeded": cloud.QuotaExceeded,
	"TooManyListeners":     cloud.LimitExceeded, "TooManyTargets": cloud.LimitExceeded, "TooManyRegistrationsForTargetId": cloud.LimitExceeded,
	"TooManyTags": cloud.LimitExceeded, "TooManyActions": cloud.LimitExceeded, "TooManyUniqueTargetGroupsPerLoadBalancer": cloud.LimitExceeded,
	"RulesPerSecurityGroupLimitExceeded": cloud.LimitExceeded, "SecurityGroupsPerInterfaceLimitExceeded": cloud.LimitExceeded,

	// A subnet without enough addresses.
	"InvalidSubnet":     cloud.QuotaExceeded,
	"HealthUnavailable": cloud.Unavailable,
}

// unknownYet are the codes by which a call does not know what was just made:
// IDs reach everywhere within seconds, or minutes. Source: errors-overview.html,
// "eventual consistency".
var unknownYet = []string{"InvalidGroup.NotFound", "InvalidSecurityGroup", "LoadBalancerNotFound", "TargetGroupNotFound", "ListenerNotFound"}

// elasticIPInUse is also for one whose balancer has gone, and whose interfaces
// have not: who has it else is seen before.
const elasticIPInUse = "ResourceInUse"

// addressInUse is for an address that was asked for and is in use, among others.
const addressInUse = "InvalidSubnet"

// codeRemedies are what a person can do about errors of load balancing, by
// their codes.
var codeRemedies = map[string]string{
	"InsufficientCidrBlocks":             fragmented,
	"InvalidSubnet":                      "free addresses in the subnet (a load balancer needs 8), or name or tag another one; an address that was asked for may be taken: ask for another; where the VPC has no internet gateway, attach one, or make the load balancer internal",
	"ResourceInUse":                      lingers,
	"DependencyViolation":                lingers,
	"OperationNotPermitted":              "turn off deletion protection, or whatever else the text names; nothing of the balancer has gone",
	"AllocationIdNotFound":               "name Elastic IPs that are allocated in this region",
	"TooManyLoadBalancers":               "have the quota raised in Service Quotas (Elastic Load Balancing)",
	"TooManyTargetGroups":                "have the quota raised in Service Quotas (Elastic Load Balancing)",
	"TooManyTargets":                     "have fewer targets: nodes or ports of the Service, or endpoints of the EndpointGroup",
	"TooManyListeners":                   "have fewer nodes or ports in this Service",
	"RulesPerSecurityGroupLimitExceeded": "have the quota of rules of a security group raised in Service Quotas (Amazon VPC), or take rules out of the group",
	"InvalidTarget":                      "ELB takes running instances of the VPC",
}

const lingers = "what used it may linger for minutes; it is tried again"

// balancingRemedy says what a person can do about an error of load balancing;
// empty where the general word is enough.
func balancingRemedy(r cloud.Reason, action, code string) string {
	if remedy := codeRemedies[code]; remedy != "" && (remedy != lingers || action != actionReserve) {
		return remedy
	}
	switch {
	case r == cloud.Conflict && (ofELB[action] != "" || action == actionCreateGroup):
		return "what has the name, or the port, is not ours: rename or delete it by hand"
	case r == cloud.Invalid && ofELB[action] != "":
		return "the text says what ELB does not accept: change the Service or its annotations"
	case r == cloud.LimitExceeded && ofELB[action] != "":
		return "ask for less, or have the quota raised in Service Quotas (Elastic Load Balancing)"
	}
	return ""
}
