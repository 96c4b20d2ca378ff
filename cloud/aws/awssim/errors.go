package awssim

import (
	"fmt"
	"net/http"
	"strings"
)

// APIError is a refusal.
type APIError struct {
	Status  int
	Code    string
	Message string
}

func (e *APIError) Error() string { return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message) }

// Throttled is what a client over its rate gets.
// Source: docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html.
func Throttled() *APIError {
	return &APIError{http.StatusServiceUnavailable, "RequestLimitExceeded", "Request limit exceeded."}
}

// BalancingThrottled is what a client of ELB over its rate gets.
// Source: docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html.
func BalancingThrottled() *APIError {
	return &APIError{http.StatusBadRequest, "ThrottlingException", "Rate exceeded"}
}

// overRate is answered as the service that is called says it.
var overRate = &APIError{Message: "over the rate"}

// OverRate is what a client over its rate gets, of whichever service it calls.
func OverRate() *APIError { return overRate }

// InternalError is a failure of the server's that changed nothing.
func InternalError() *APIError {
	return &APIError{http.StatusInternalServerError, "InternalError", "An internal error has occurred"}
}

func refuse(code, format string, args ...any) *APIError {
	return &APIError{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

func invalidValue(format string, args ...any) *APIError {
	return refuse("InvalidParameterValue", format, args...)
}

func missing(name string) *APIError {
	return refuse("MissingParameter", "The request must contain the parameter %s", name)
}

func authFailure() *APIError {
	return &APIError{http.StatusUnauthorized, "AuthFailure", "AWS was not able to validate the provided access credentials"}
}

// idKind is how EC2 speaks of one kind of ID: the prefix of the ID, the stem
// of the error code, and the words.
type idKind struct{ prefix, code, words string }

var (
	vpcIDs         = idKind{"vpc-", "InvalidVpcID", "vpc ID"}
	subnetIDs      = idKind{"subnet-", "InvalidSubnetID", "subnet ID"}
	reservationIDs = idKind{"scr-", "InvalidSubnetCidrReservationID", "subnet CIDR reservation ID"}
	interfaceIDs   = idKind{"eni-", "InvalidNetworkInterfaceID", "networkInterface ID"}
	instanceIDs    = idKind{"i-", "InvalidInstanceID", "instance ID"}
	tableIDs       = idKind{"rtb-", "InvalidRouteTableID", "routeTable ID"}
	listIDs        = idKind{"pl-", "InvalidPrefixListID", "prefix list ID"}
	groupIDs       = idKind{"sg-", "InvalidGroup", "security group"}
	ruleIDs        = idKind{"sgr-", "InvalidSecurityGroupRuleId", "security group rule ID"}
	elasticIDs     = idKind{"eipalloc-", "InvalidAllocationID", "allocation ID"}
)

func (k idKind) notFound(id string) *APIError {
	if !strings.HasPrefix(id, k.prefix) || len(id) == len(k.prefix) {
		return refuse(k.code+".Malformed", "Invalid id: %q (expecting %q)", id, k.prefix+"...")
	}
	return refuse(k.code+".NotFound", "The %s '%s' does not exist", k.words, id)
}
