package awsmodel

// ec2Codes are those of EC2's error codes that anything here answers; the model
// has none. Source: "Error codes for the Amazon EC2 API",
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
var ec2Codes = []string{
	"AddressLimitExceeded", "AuthFailure", "CannotDelete", "CidrLimitExceeded", "DependencyViolation", "FilterLimitExceeded",
	"IdempotentParameterMismatch", "InsufficientCidrBlocks", "InsufficientFreeAddressesInSubnet", "InternalError",
	"InvalidAction", "InvalidAddress.NotFound", "InvalidAllocationID.NotFound", "InvalidCidrBlock.NotFound",
	"InvalidGroup.Duplicate", "InvalidGroup.InUse", "InvalidGroup.NotFound", "InvalidGroupId.Malformed",
	"InvalidInstanceID.Malformed", "InvalidInstanceID.NotFound", "InvalidInstanceType", "InvalidNetworkInterface.InUse",
	"InvalidNetworkInterfaceID.NotFound", "InvalidNetworkInterfaceId.Malformed", "InvalidParameter",
	"InvalidParameterCombination", "InvalidParameterValue", "InvalidPaginationToken", "InvalidNextToken",
	"InvalidPermission.Duplicate", "InvalidPermission.NotFound", "InvalidPrefixListID.NotFound", "InvalidRoute.NotFound", "InvalidRouteTableID.NotFound",
	"InvalidSecurityGroupRuleId.NotFound", "InvalidSubnet.Conflict", "InvalidSubnet.Range", "InvalidSubnetID.NotFound",
	"InvalidSubnetCidrReservationID.NotFound", "InvalidVpc.Range", "InvalidVpcID.NotFound", "MalformedQueryString",
	"MissingParameter", "OperationNotPermitted", "PrivateIpAddressLimitExceeded", "RequestExpired", "RequestLimitExceeded",
	"Resource.AlreadyAssigned", "ResourceLimitExceeded", "RouteAlreadyExists", "RouteLimitExceeded",
	"RulesPerSecurityGroupLimitExceeded", "SecurityGroupLimitExceeded", "SecurityGroupsPerInterfaceLimitExceeded",
	"SignatureDoesNotMatch", "SubnetLimitExceeded", "TagLimitExceeded", "Unavailable", "UnauthorizedOperation",
	"UnknownParameter", "UnsupportedOperation", "ServiceUnavailable",
}

// commonCodes are those that every action of a query API may answer. Source:
// "Common Errors" of the Elastic Load Balancing API,
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/CommonErrors.html.
var commonCodes = []string{
	"AccessDenied", "AccessDeniedException", "IncompleteSignature", "InternalFailure", "InvalidAction", "InvalidClientTokenId",
	"InvalidParameterCombination", "InvalidParameterValue", "InvalidQueryParameter", "MalformedQueryString",
	"MissingAction", "MissingParameter", "NotAuthorized", "OptInRequired", "RequestExpired", "ServiceUnavailable",
	"SignatureDoesNotMatch", "Throttling", "ThrottlingException", "ValidationError", "InternalError",
}
