package aws

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"regexp"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/vpcnative/vpcnative/cloud"
)

// reasons maps EC2's error codes to what a caller can do. A code that ends in
// ".NotFound" is NotFound. Sources:
// docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html, and for
// throttling the codes that aws-sdk-go-v2 knows (aws/retry/standard.go).
var reasons = map[string]cloud.Reason{
	"RequestLimitExceeded": cloud.Throttled, "Throttling": cloud.Throttled, "ThrottlingException": cloud.Throttled,
	"ThrottledException": cloud.Throttled, "RequestThrottled": cloud.Throttled, "RequestThrottledException": cloud.Throttled,
	"TooManyRequestsException": cloud.Throttled, "EC2ThrottledException": cloud.Throttled, "SlowDown": cloud.Throttled,
	"PriorRequestNotComplete": cloud.Throttled, "BandwidthLimitExceeded": cloud.Throttled,

	"AuthFailure": cloud.Unauthenticated, "InvalidClientTokenId": cloud.Unauthenticated, "MissingAuthenticationToken": cloud.Unauthenticated,
	"SignatureDoesNotMatch": cloud.Unauthenticated, "IncompleteSignature": cloud.Unauthenticated, "RequestExpired": cloud.Unauthenticated,
	"ExpiredToken": cloud.Unauthenticated, "ExpiredTokenException": cloud.Unauthenticated, "UnrecognizedClientException": cloud.Unauthenticated,
	"UnauthorizedOperation": cloud.PermissionDenied, "AccessDenied": cloud.PermissionDenied, "AccessDeniedException": cloud.PermissionDenied,
	"OptInRequired": cloud.PermissionDenied, "Blocked": cloud.PermissionDenied, "PendingVerification": cloud.PermissionDenied,

	"InternalError": cloud.Unavailable, "InternalFailure": cloud.Unavailable, "Unavailable": cloud.Unavailable,
	"ServiceUnavailable": cloud.Unavailable, "RequestTimeout": cloud.Unavailable,

	"PrivateIpAddressLimitExceeded": cloud.LimitExceeded, "AttachmentLimitExceeded": cloud.LimitExceeded,
	"CidrLimitExceeded": cloud.QuotaExceeded, "SubnetLimitExceeded": cloud.QuotaExceeded, "NetworkInterfaceLimitExceeded": cloud.QuotaExceeded,
	"RouteLimitExceeded": cloud.QuotaExceeded, "SubnetCidrReservationLimitExceeded": cloud.QuotaExceeded, "TagLimitExceeded": cloud.QuotaExceeded,

	"InsufficientCidrBlocks": cloud.Conflict, "InsufficientFreeAddressesInSubnet": cloud.Conflict, "Resource.AlreadyAssigned": cloud.Conflict,
	"InvalidIPAddress.InUse": cloud.Conflict, "InvalidSubnet.Conflict": cloud.Conflict, "InvalidNetworkInterface.InUse": cloud.Conflict,
	"DependencyViolation": cloud.Conflict, "OperationNotPermitted": cloud.Conflict, "RouteAlreadyExists": cloud.Conflict,

	"IncorrectState": cloud.Stale, "IncorrectInstanceState": cloud.Stale,
}

// sayings tell apart what EC2 calls merely InvalidParameterValue.
var sayings = []struct {
	match  *regexp.Regexp
	reason cloud.Reason
}{
	{regexp.MustCompile(`(?i)assigned, but move is not allowed|already (assigned|in use)`), cloud.Conflict},
	{regexp.MustCompile(`(?i)overlap with existing`), cloud.Conflict},
	{notAssigned, cloud.Stale},
}

var notAssigned = regexp.MustCompile(`(?i)(are|is) not assigned to`)

// notHeld reports whether EC2 refused to take from an interface what it does
// not have.
func notHeld(err error) bool {
	return cloud.Is(err, cloud.Stale) && notAssigned.MatchString(err.Error())
}

// judge classes one refusal by its code, by its text, by its HTTP status.
func judge(status int, code, message string, mutates bool) cloud.Reason {
	r := cmp.Or(reasons[code], balancingReasons[code])
	switch {
	case r != "":
	case strings.HasSuffix(code, ".NotFound"):
		r = cloud.NotFound
	case strings.HasPrefix(code, "InvalidParameter"):
		r = ofText(message)
	default:
		r = ofStatus(status)
	}
	if r == cloud.Unavailable && mutates {
		return cloud.OutcomeUnknown
	}
	return r
}

func ofText(message string) cloud.Reason {
	for _, s := range sayings {
		if s.match.MatchString(message) {
			return s.reason
		}
	}
	return cloud.Invalid
}

func ofStatus(status int) cloud.Reason {
	switch {
	case status == http.StatusUnauthorized:
		return cloud.Unauthenticated
	case status == http.StatusForbidden:
		return cloud.PermissionDenied
	case status == http.StatusTooManyRequests:
		return cloud.Throttled
	case status >= 500, status < 400:
		return cloud.Unavailable
	}
	return cloud.Invalid
}

// classify makes a *cloud.Error of what an SDK call came back with. What is
// one already stays as it is.
func classify(call cloud.Call, about subject, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*cloud.Error](err); ok {
		return err
	}
	r := judgeError(err, call.Mutates)
	short := brief(err)
	return &cloud.Error{Reason: r, Act: about.act, Resource: about.resource, Err: short, Trace: traceOf(err),
		Remedy: cmp.Or(balancingRemedy(r, call.Method, codeOf(short)), remedy(r, call.Method, about.resource))}
}

func judgeError(err error, mutates bool) cloud.Reason {
	if _, ok := errors.AsType[credentialsError](err); ok {
		// What returns credentials may be out of order; then they are not missing,
		// and nothing was asked of the service either.
		answered, ok := errors.AsType[smithy.APIError](err)
		if status := statusOf(err); status >= 500 || status == http.StatusTooManyRequests || ok && answered.ErrorFault() == smithy.FaultServer {
			return cloud.Unavailable
		}
		return cloud.Unauthenticated
	}
	if refused, ok := errors.AsType[smithy.APIError](err); ok {
		return judge(statusOf(err), refused.ErrorCode(), refused.ErrorMessage(), mutates)
	}
	// A connection that was never made carried nothing.
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" || !mutates {
		return cloud.Unavailable
	}
	return cloud.OutcomeUnknown
}

func statusOf(err error) int {
	if reply, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return reply.HTTPStatusCode()
	}
	return 0
}

var (
	// encoded is a message that only AWS can read, and another each time.
	encoded = regexp.MustCompile(`\s*Encoded authorization failure message: \S+`)
	// requestID is in the SDK's text about a reply that it could not read.
	requestID = regexp.MustCompile(`RequestID: [^,]*, `)
)

// brief keeps of a reply what a person reads.
func brief(err error) error {
	if missing, ok := errors.AsType[credentialsError](err); ok {
		return missing.error
	}
	refused, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		if errors.Is(err, context.DeadlineExceeded) {
			return context.DeadlineExceeded
		}
		return errors.New(cloud.Steady(requestID.ReplaceAllString(err.Error(), "")))
	}
	said := encoded.ReplaceAllString(refused.ErrorMessage(), "")
	return refusal{refused.ErrorCode(), cloud.Steady(refused.ErrorCode() + ": " + said)}
}

// traceOf is the request's ID, for which AWS's support asks.
func traceOf(err error) string {
	if reply, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return reply.RequestID
	}
	return ""
}

// refusal is what AWS answered.
type refusal struct{ code, text string }

func (e refusal) Error() string { return e.text }

// codeOf is the code of what AWS answered; empty where it did not answer.
func codeOf(err error) string {
	e, _ := errors.AsType[refusal](err)
	return e.code
}

// misread is what the cloud said that makes no sense.
func misread(about subject, err error) error {
	return &cloud.Error{Reason: cloud.Unavailable, Act: about.act, Resource: about.resource, Err: err}
}
