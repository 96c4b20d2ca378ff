package aws

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/vpcnative/vpcnative/cloud"
)

func reply(status int, code, message string) error {
	return &awshttp.ResponseError{RequestID: "r1", ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}},
		Err:      &smithy.GenericAPIError{Code: code, Message: message},
	}}
}

func TestRepliesAreClassed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status        int
		code, message string
		read, change  cloud.Reason
	}{
		{503, "RequestLimitExceeded", "Request limit exceeded.", cloud.Throttled, cloud.Throttled},
		{400, "Throttling", "Rate exceeded", cloud.Throttled, cloud.Throttled},
		{429, "Whatever", "", cloud.Throttled, cloud.Throttled},
		{401, "AuthFailure", "", cloud.Unauthenticated, cloud.Unauthenticated},
		{400, "RequestExpired", "Request has expired.", cloud.Unauthenticated, cloud.Unauthenticated},
		{403, "UnauthorizedOperation", "You are not authorized", cloud.PermissionDenied, cloud.PermissionDenied},
		{403, "Unheard", "", cloud.PermissionDenied, cloud.PermissionDenied},
		{400, "InvalidInstanceID.NotFound", "", cloud.NotFound, cloud.NotFound},
		{400, "InvalidSubnetCidrReservationID.NotFound", "", cloud.NotFound, cloud.NotFound},
		{400, "InvalidInstanceID.Malformed", "", cloud.Invalid, cloud.Invalid},
		{400, "PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit.", cloud.LimitExceeded, cloud.LimitExceeded},
		{400, "CidrLimitExceeded", "", cloud.QuotaExceeded, cloud.QuotaExceeded},
		{400, "InsufficientCidrBlocks", "", cloud.Conflict, cloud.Conflict},
		{400, "Resource.AlreadyAssigned", "", cloud.Conflict, cloud.Conflict},
		{400, "InvalidParameterValue", "[10.0.1.0/28] assigned, but move is not allowed.", cloud.Conflict, cloud.Conflict},
		{400, "InvalidParameterValue", "Reservation CIDR 10.0.0.0/24 has overlap with existing reserved CIDR block", cloud.Conflict, cloud.Conflict},
		{400, "InvalidParameterValue", "Some of the specified addresses are not assigned to interface eni-1", cloud.Stale, cloud.Stale},
		{400, "InvalidParameterValue", "Value (x) for parameter y is invalid.", cloud.Invalid, cloud.Invalid},
		{400, "InvalidVpc.Range", "The CIDR is restricted.", cloud.Invalid, cloud.Invalid},
		{500, "InternalError", "", cloud.Unavailable, cloud.OutcomeUnknown},
		{503, "Unavailable", "", cloud.Unavailable, cloud.OutcomeUnknown},
		{502, "UnknownError", "", cloud.Unavailable, cloud.OutcomeUnknown},
	} {
		for mutates, want := range map[bool]cloud.Reason{false: tt.read, true: tt.change} {
			got := classify(cloud.Call{Mutates: mutates}, subject{}, reply(tt.status, tt.code, tt.message))
			if !cloud.Is(got, want) {
				t.Errorf("%d %s %q, mutates %v: %s, want %s", tt.status, tt.code, tt.message, mutates, cloud.ReasonOf(got), want)
			}
		}
	}
}

func TestConnectionsAreClassed(t *testing.T) {
	t.Parallel()
	dial := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	cut := &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}
	for _, tt := range []struct {
		err          error
		read, change cloud.Reason
	}{
		{fmt.Errorf("request: %w", dial), cloud.Unavailable, cloud.Unavailable},
		{fmt.Errorf("request: %w", cut), cloud.Unavailable, cloud.OutcomeUnknown},
		{fmt.Errorf("request: %w", context.DeadlineExceeded), cloud.Unavailable, cloud.OutcomeUnknown},
		{fmt.Errorf("sign: %w", credentialsError{errors.New("none")}), cloud.Unauthenticated, cloud.Unauthenticated},
	} {
		for mutates, want := range map[bool]cloud.Reason{false: tt.read, true: tt.change} {
			if got := classify(cloud.Call{Mutates: mutates}, subject{}, tt.err); !cloud.Is(got, want) {
				t.Errorf("%v, mutates %v: %s, want %s", tt.err, mutates, cloud.ReasonOf(got), want)
			}
		}
	}
}

func TestErrorsSayWhatAPersonCanDo(t *testing.T) {
	t.Parallel()
	err := classify(cloud.Call{Method: actionAssign, Mutates: true}, subject{"delegate prefix 10.0.1.0/28", "instance i-1 in eu-west-1a"},
		reply(403, "UnauthorizedOperation", "You are not authorized to perform this operation. Encoded authorization failure message: 1wx-Zy_8f"))
	want := "delegate prefix 10.0.1.0/28 on instance i-1 in eu-west-1a: UnauthorizedOperation: You are not authorized to perform this operation.; " +
		"allow ec2:AssignPrivateIpAddresses on instance i-1 in eu-west-1a in the IAM policy of the manager's role"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	if e, ok := errors.AsType[*cloud.Error](err); !ok || e.Trace != "r1" {
		t.Errorf("its trace is not the request's ID: %+v", err)
	}
}

// TestTheSameRefusalReadsTheSame: a text that differs from one try to the
// next costs a write of the condition and an Event each time.
func TestTheSameRefusalReadsTheSame(t *testing.T) {
	t.Parallel()
	for name, failed := range map[string]func(try string) error{
		"a refusal": func(try string) error {
			err := reply(403, "UnauthorizedOperation", "You are not authorized. Encoded authorization failure message: "+try)
			err.(*awshttp.ResponseError).RequestID = try
			return err
		},
		"a reply that makes no sense": func(try string) error {
			return &awshttp.ResponseError{RequestID: try, ResponseError: &smithyhttp.ResponseError{
				Response: &smithyhttp.Response{Response: &http.Response{StatusCode: 502}}, Err: errors.New("deserialization failed")}}
		},
		"a connection that was cut": func(try string) error {
			return fmt.Errorf("request send failed, read tcp 10.0.0.5:4%s->10.0.0.1:443: read: connection reset by peer", try)
		},
	} {
		say := func(try string) string {
			return classify(cloud.Call{Method: actionAssign}, subject{"delegate", "i-1"}, failed(try)).Error()
		}
		if first, second := say("111"), say("222"); first != second {
			t.Errorf("%s:\nfirst  %s\nsecond %s", name, first, second)
		}
	}
}
