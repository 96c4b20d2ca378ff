package gcp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/api/googleapi"

	"github.com/vpcnative/vpcnative/cloud"
)

func reply(code int, reason, message string) error {
	e := &googleapi.Error{Code: code, Message: message}
	if reason != "" {
		e.Errors = []googleapi.ErrorItem{{Reason: reason, Message: message}}
	}
	return e
}

func TestRepliesAreClassed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		code            int
		reason, message string
		read, change    cloud.Reason
	}{
		{403, "rateLimitExceeded", "Rate Limit Exceeded", cloud.Throttled, cloud.Throttled},
		{429, "", "Too Many Requests", cloud.Throttled, cloud.Throttled},
		{429, "", "Quota exceeded for quota metric 'Queries' and limit 'Queries'", cloud.Throttled, cloud.Throttled},
		{403, "", "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service 'compute.googleapis.com'", cloud.Throttled, cloud.Throttled},
		{403, "", "Quota 'FORWARDING_RULES' exceeded.  Limit: 15.0 in region r.", cloud.QuotaExceeded, cloud.QuotaExceeded},
		{403, "quotaExceeded", "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute'", cloud.Throttled, cloud.Throttled},
		{403, "quotaExceeded", "Quota 'SUBNET_RANGES_PER_NETWORK' exceeded.  Limit: 300.0 globally.", cloud.QuotaExceeded, cloud.QuotaExceeded},
		{413, "", "", cloud.QuotaExceeded, cloud.QuotaExceeded},
		{404, "notFound", "The resource 'x' was not found", cloud.NotFound, cloud.NotFound},
		{409, "alreadyExists", "The resource 'x' already exists", cloud.Conflict, cloud.Conflict},
		{412, "conditionNotMet", "Supplied fingerprint does not match current", cloud.Stale, cloud.Stale},
		{412, "conditionNotMet", "Constraint constraints/compute.restrictX violated for p", cloud.Invalid, cloud.Invalid},
		{400, "resourceNotReady", "The resource 'x' is not ready", cloud.Stale, cloud.Stale},
		{400, "resourceInUseByAnotherResource", "'x' is already being used by 'y'", cloud.Conflict, cloud.Conflict},
		{400, "invalid", "Invalid IPCidrRange: 10.0.0.0/8 conflicts with existing subnetwork 'y' in region 'r'.", cloud.Conflict, cloud.Conflict},
		{400, "invalid", "IP '10.0.0.1' is already being used by another resource.", cloud.Conflict, cloud.Conflict},
		{400, "invalid", "The specified subnetwork secondary range does not exist.", cloud.NotFound, cloud.NotFound},
		{400, "invalid", "A network interface can have at most 150 alias IP ranges.", cloud.LimitExceeded, cloud.LimitExceeded},
		{400, "invalid", "Cannot simultaneously add and remove alias IP ranges.", cloud.Invalid, cloud.Invalid},
		{400, "badRequest", "Invalid JSON payload received.", cloud.Invalid, cloud.Invalid},
		{401, "authError", "Invalid Credentials", cloud.Unauthenticated, cloud.Unauthenticated},
		{401, "required", "Login Required.", cloud.Unauthenticated, cloud.Unauthenticated},
		{403, "forbidden", "Required 'compute.instances.list' permission for 'projects/p'", cloud.PermissionDenied, cloud.PermissionDenied},
		{403, "accessNotConfigured", "Compute Engine API has not been used in project p", cloud.PermissionDenied, cloud.PermissionDenied},
		{500, "internalError", "Internal Error", cloud.Unavailable, cloud.OutcomeUnknown},
		{503, "backendError", "Backend Error", cloud.Unavailable, cloud.OutcomeUnknown},
		{502, "", "<html>", cloud.Unavailable, cloud.OutcomeUnknown},
	} {
		for mutates, want := range map[bool]cloud.Reason{false: tt.read, true: tt.change} {
			got := classify(cloud.Call{Mutates: mutates}, subject{}, reply(tt.code, tt.reason, tt.message))
			if !cloud.Is(got, want) {
				t.Errorf("%d %s %q, mutates %v: %s, want %s", tt.code, tt.reason, tt.message, mutates, cloud.ReasonOf(got), want)
			}
		}
	}
}

func TestOperationErrorsAreClassed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status        int
		code, message string
		want          cloud.Reason
	}{
		{400, "IP_IN_USE_BY_ANOTHER_RESOURCE", "IP '10.4.0.0/24' is already being used by another resource.", cloud.Conflict},
		{400, "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", "", cloud.Conflict},
		{403, "QUOTA_EXCEEDED", "Quota 'ALIASES_PER_NETWORK_GLOBAL' exceeded.  Limit: 15000.0 globally.", cloud.QuotaExceeded},
		{404, "RESOURCE_NOT_FOUND", "The resource 'x' was not found", cloud.NotFound},
		{400, "RESOURCE_NOT_READY", "", cloud.Stale},
		{412, "CONDITION_NOT_MET", "", cloud.Stale},
		{429, "RESOURCE_OPERATION_RATE_EXCEEDED", "", cloud.Throttled},
		{403, "PERMISSIONS_ERROR", "", cloud.PermissionDenied},
		{500, "INTERNAL_ERROR", "Internal error. Please try again.", cloud.OutcomeUnknown},
		{400, "INVALID_FIELD_VALUE", "Invalid value", cloud.Invalid},
	} {
		o := operation{done: true, status: tt.status, faults: []fault{{tt.code, tt.message}}}
		if got := o.failure(methodUpdate, subject{}); !cloud.Is(got, tt.want) {
			t.Errorf("%s: %s, want %s", tt.code, cloud.ReasonOf(got), tt.want)
		}
	}
	if err := (operation{done: true, status: 200}).failure(methodUpdate, subject{}); err != nil {
		t.Errorf("a good operation failed: %v", err)
	}
	if err := (operation{done: true, status: 503}).failure(methodUpdate, subject{}); !cloud.Is(err, cloud.OutcomeUnknown) {
		t.Errorf("a bare bad status gave %v", err)
	}
}

func TestConnectionsAreClassed(t *testing.T) {
	t.Parallel()
	dial := &url.Error{Op: "Patch", Err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}
	cut := &url.Error{Op: "Patch", Err: &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}}
	late := fmt.Errorf("request: %w", context.DeadlineExceeded)
	for _, tt := range []struct {
		err          error
		read, change cloud.Reason
	}{
		{dial, cloud.Unavailable, cloud.Unavailable},
		{cut, cloud.Unavailable, cloud.OutcomeUnknown},
		{late, cloud.Unavailable, cloud.OutcomeUnknown},
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
	ref := instanceRef{project: "svc", zone: "z", name: "vm"}
	err := classify(cloud.Call{Method: methodUpdate, Mutates: true}, subject{"attach alias range 10.4.0.0/24", ref.String()},
		reply(403, "forbidden", "Required 'compute.instances.updateNetworkInterface' permission"))
	want := "attach alias range 10.4.0.0/24 on projects/svc/zones/z/instances/vm: " +
		"HTTP 403: Required 'compute.instances.updateNetworkInterface' permission, forbidden; " +
		"grant the manager's service account compute.instances.updateNetworkInterface (and compute.subnetworks.use on the subnetwork) in project svc"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	several := operation{status: 400, target: "https://www.googleapis.com/compute/v1/projects/p/zones/z/instances/vm",
		faults: []fault{{"IP_IN_USE_BY_ANOTHER_RESOURCE", "one"}, {"OTHER", "two"}}}
	got := several.failure(methodUpdate, subject{"attach", ""}).Error()
	if !strings.HasPrefix(got, "attach on projects/p/zones/z/instances/vm: IP_IN_USE_BY_ANOTHER_RESOURCE: one; OTHER: two; ") {
		t.Errorf("several faults read %q", got)
	}
}

// TestTheSameFailureReadsTheSame: a text that differs from one try to the
// next costs a write of the condition and an Event each time.
func TestTheSameFailureReadsTheSame(t *testing.T) {
	t.Parallel()
	say := func(port int) string {
		from, to := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 5), Port: port}, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 443}
		cut := &net.OpError{Op: "read", Net: "tcp", Source: from, Addr: to, Err: errors.New("connection reset by peer")}
		return classify(cloud.Call{}, subject{"list", "p"}, &url.Error{Op: "Get", URL: "https://compute", Err: cut}).Error()
	}
	if first, second := say(1111), say(2222); first != second {
		t.Errorf("first  %s\nsecond %s", first, second)
	}
	page := &googleapi.Error{Code: 502, Body: "<html>" + strings.Repeat("bad gateway\n", 10_000)}
	if got := classify(cloud.Call{}, subject{"list", "p"}, page).Error(); len(got) > 3000 || strings.Contains(got, "\n") {
		t.Errorf("a page of a proxy is %d bytes of text", len(got))
	}
}

// TestTheRoleIsWhatIsAskedFor: the role that people are told to make has
// every permission that a refusal would name, and none besides; the
// documentation names the same.
func TestTheRoleIsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	word := regexp.MustCompile(`compute(\.[a-zA-Z]+){2}`)
	asked := map[string]bool{}
	for _, text := range slices.Concat(slices.Collect(maps.Values(permissions)), slices.Collect(maps.Values(lbPermissions))) {
		for _, p := range word.FindAllString(text, -1) {
			asked[p] = true
		}
	}
	role, documented := map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(file(t, "../../deploy/gcp/role.yaml")) {
		if p, ok := strings.CutPrefix(strings.TrimSpace(line), "- "); ok {
			role[p] = true
		}
	}
	_, table, _ := strings.Cut(file(t, "../../docs/operations.md"), "## Permissions")
	table, _, _ = strings.Cut(table, "\n## ")
	resource := ""
	for _, p := range regexp.MustCompile("`[a-zA-Z.]+`").FindAllString(table, -1) {
		p = strings.Trim(p, "`")
		if verb, short := strings.CutPrefix(p, "."); short {
			p = resource + "." + verb
		}
		if at := strings.LastIndex(p, "."); word.MatchString(p) {
			resource = p[:at]
			documented[p] = true
		}
	}
	if !maps.Equal(role, asked) {
		t.Errorf("the role has %v\nasked for are %v", slices.Sorted(maps.Keys(role)), slices.Sorted(maps.Keys(asked)))
	}
	if !maps.Equal(documented, asked) {
		t.Errorf("documented are %v\nasked for are %v", slices.Sorted(maps.Keys(documented)), slices.Sorted(maps.Keys(asked)))
	}
}

func file(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestEveryMethodNamesItsPermission reads the list of methods where it is
// written, so that a new one cannot be forgotten here.
func TestEveryMethodNamesItsPermission(t *testing.T) {
	t.Parallel()
	methods := regexp.MustCompile(`(?m)^\tmethod\w+ += "([\w.]+)"$`).FindAllStringSubmatch(file(t, "remedy.go"), -1)
	if len(methods) != len(permissions) {
		t.Errorf("%d methods and %d permissions", len(methods), len(permissions))
	}
	for _, m := range methods {
		if permissions[m[1]] == "" {
			t.Errorf("%s has none", m[1])
		}
	}
}
