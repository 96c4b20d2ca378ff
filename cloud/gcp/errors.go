package gcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"cloud.google.com/go/auth"
	multierror "github.com/hashicorp/go-multierror"
	"google.golang.org/api/googleapi"

	"github.com/vpcnative/vpcnative/cloud"
)

// reasons maps what Compute Engine calls an error to what a caller can do.
// Replies carry camelCase reasons, operations UPPER_SNAKE codes; both are
// written here in lower case without underscores.
// Source: cloud.google.com/compute/docs/troubleshooting/troubleshooting-api-errors
// and cloud.google.com/resource-manager/docs/core_errors.
var reasons = map[string]cloud.Reason{
	"ratelimitexceeded": cloud.Throttled, "userratelimitexceeded": cloud.Throttled,
	"resourceoperationrateexceeded": cloud.Throttled, "concurrentoperationsquotaexceeded": cloud.Throttled,
	"ipspaceexhausted": cloud.QuotaExceeded, "ipspaceexhaustedwithdetails": cloud.QuotaExceeded, // of a subnet, which can be expanded
	"quotaexceeded": cloud.QuotaExceeded, "limitexceeded": cloud.LimitExceeded,
	"conditionnotmet": cloud.Stale, "invalidfingerprint": cloud.Stale,
	"resourcenotready": cloud.Stale, "resourceinprogress": cloud.Stale,
	"ipinusebyanotherresource": cloud.Conflict, "resourceinusebyanotherresource": cloud.Conflict,
	"resourceinuse": cloud.Conflict, "alreadyexists": cloud.Conflict, "resourcealreadyexists": cloud.Conflict,
	"notfound": cloud.NotFound, "resourcenotfound": cloud.NotFound,
	"forbidden": cloud.PermissionDenied, "permissionserror": cloud.PermissionDenied, "permissiondenied": cloud.PermissionDenied,
	"iampermissiondenied": cloud.PermissionDenied, "insufficientpermissions": cloud.PermissionDenied,
	"accessnotconfigured": cloud.PermissionDenied, "servicedisabled": cloud.PermissionDenied,
	"autherror": cloud.Unauthenticated, "unauthenticated": cloud.Unauthenticated, "accesstokenexpired": cloud.Unauthenticated,
	"internalerror": cloud.Unavailable, "backenderror": cloud.Unavailable, "serviceunavailable": cloud.Unavailable,
}

// texts tell apart what Compute Engine calls merely "invalid".
var texts = []struct {
	match  *regexp.Regexp
	reason cloud.Reason
}{
	{regexp.MustCompile(`(?i)constraint .* violated`), cloud.Invalid}, // an org policy; the code may be 412
	{regexp.MustCompile(`(?i)(conflicts|conflicting|overlaps) with|already reserved|already being used by|is being used by|is in use|in-use`), cloud.Conflict},
	{regexp.MustCompile(`(?i)secondary range does not exist`), cloud.NotFound},
	{regexp.MustCompile(`(?i)invalid fingerprint`), cloud.Stale},
	{regexp.MustCompile(`(?i)quota .*exceeded|ip space of .* is exhausted`), cloud.QuotaExceeded},
	{regexp.MustCompile(`(?i)at most \d+|maximum (number|of \d+)|cannot have more than|exceeds? the (maximum|limit)|limit of \d+`), cloud.LimitExceeded},
}

// aRate is a quota of calls, which some replies give no reason for.
var aRate = regexp.MustCompile(`(?i)(quota|rate|limit).*per (minute|second|\d+ seconds)|rate limit exceeded`)

func normalise(reason string) string {
	return strings.ToLower(strings.ReplaceAll(reason, "_", ""))
}

// judge classes one refusal: by its text where that says more, by its
// reason, by its HTTP status.
func judge(status int, reason, message string, mutates bool) cloud.Reason {
	r := reasons[normalise(reason)]
	if status == 429 || (r == "" || r == cloud.QuotaExceeded) && aRate.MatchString(message) {
		return cloud.Throttled // a rate, not a number of things
	}
	if r == "" || r == cloud.Stale || r == cloud.LimitExceeded {
		for _, t := range texts {
			if t.match.MatchString(message) {
				return t.reason
			}
		}
	}
	if r == "" {
		r = ofStatus(status)
	}
	if r == cloud.Unavailable && mutates {
		return cloud.OutcomeUnknown
	}
	return r
}

func ofStatus(status int) cloud.Reason {
	switch status {
	case 401:
		return cloud.Unauthenticated
	case 403:
		return cloud.PermissionDenied
	case 404, 410:
		return cloud.NotFound
	case 409:
		return cloud.Conflict
	case 412:
		return cloud.Stale
	case 413:
		return cloud.QuotaExceeded
	case 429:
		return cloud.Throttled
	case 408:
		return cloud.Unavailable
	}
	if status >= 500 || status < 400 {
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
	return &cloud.Error{Reason: r, Act: about.act, Resource: about.resource, Err: brief(err), Remedy: remedy(r, call.Method, about.resource, err.Error())}
}

func judgeError(err error, mutates bool) cloud.Reason {
	if refused, ok := errors.AsType[*googleapi.Error](err); ok {
		reason := ""
		if len(refused.Errors) > 0 {
			reason = refused.Errors[0].Reason
		}
		return judge(refused.Code, reason, refused.Message, mutates)
	}
	if _, ok := errors.AsType[*auth.Error](err); ok {
		return cloud.Unauthenticated
	}
	// A connection that was never made carried nothing.
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" || !mutates {
		return cloud.Unavailable
	}
	return cloud.OutcomeUnknown
}

// brief keeps of a reply what a person reads: the status and the message.
// The whole error, with its headers and body, stays reachable for no one.
func brief(err error) error {
	refused, ok := errors.AsType[*googleapi.Error](err)
	if !ok {
		if errors.Is(err, context.DeadlineExceeded) {
			return context.DeadlineExceeded
		}
		return errors.New(cloud.Steady(err.Error()))
	}
	why := refused.Message
	if len(refused.Errors) > 0 && refused.Errors[0].Reason != "" {
		why += ", " + refused.Errors[0].Reason
	}
	if why == "" {
		why = strings.TrimSpace(refused.Body)
	}
	return fmt.Errorf("HTTP %d: %s", refused.Code, cloud.Steady(why))
}

// failure is the error of a finished operation, nil where it has none. An
// operation may carry several; the first names the reason.
func (o operation) failure(method string, about subject) error {
	if len(o.faults) == 0 && (o.status == 0 || o.status < 300) {
		return nil
	}
	if len(o.faults) == 0 {
		o.faults = []fault{{message: fmt.Sprintf("HTTP %d", o.status)}}
	}
	var all *multierror.Error
	for _, f := range o.faults {
		all = multierror.Append(all, errors.New(strings.TrimPrefix(f.code+": "+f.message, ": ")))
	}
	all.ErrorFormat = oneLine
	if o.target != "" {
		about.resource = path(o.target)
	}
	r := judge(o.status, o.faults[0].code, o.faults[0].message, true)
	return &cloud.Error{Reason: r, Act: about.act, Resource: about.resource, Err: all, Remedy: remedy(r, method, about.resource, all.Error())}
}

func oneLine(errs []error) string {
	var all []string
	for _, err := range errs {
		all = append(all, err.Error())
	}
	return strings.Join(all, "; ")
}
