package gcesim

import (
	"fmt"
	"net/http"
)

// APIError is a refusal in the reply itself. Reason is camelCase, as the
// synchronous errors of the API have it.
type APIError struct {
	Status  int
	Reason  string
	Message string
}

func (e *APIError) Error() string {
	return fmt.Sprintf("%d %s: %s", e.Status, e.Reason, e.Message)
}

// OperationError is a failure found after the reply: the operation ends DONE
// with it. Code is UPPER_SNAKE, as errors of operations have it. A zero
// HTTPStatus means 400.
type OperationError struct {
	Code       string
	Message    string
	HTTPStatus int
}

func refuse(status int, reason, format string, args ...any) *APIError {
	return &APIError{Status: status, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) *APIError {
	return refuse(http.StatusBadRequest, "invalid", format, args...)
}

// invalidField is the API's usual wording for a bad value.
func invalidField(field, value, format string, args ...any) *APIError {
	return invalid("Invalid value for field '%s': '%s'. %s", field, value, fmt.Sprintf(format, args...))
}

func required(field string) *APIError {
	return refuse(http.StatusBadRequest, "required", "Required field '%s' not specified", field)
}

func notFound(path string) *APIError {
	return refuse(http.StatusNotFound, "notFound", "The resource '%s' was not found", path)
}

func alreadyExists(path string) *APIError {
	return refuse(http.StatusConflict, "alreadyExists", "The resource '%s' already exists", path)
}

func notReady(path string) *APIError {
	return refuse(http.StatusBadRequest, "resourceNotReady", "The resource '%s' is not ready", path)
}

func inUse(path, by string) *APIError {
	return refuse(http.StatusBadRequest, "resourceInUseByAnotherResource",
		"The resource '%s' is already being used by '%s'", path, by)
}

func overQuota(metric string, limit int) *APIError {
	return refuse(http.StatusForbidden, "quotaExceeded", "Quota '%s' exceeded.  Limit: %d.0 globally.", metric, limit)
}

func staleFingerprint() *APIError {
	return refuse(http.StatusPreconditionFailed, "conditionNotMet", "Invalid fingerprint.")
}

func ipInUse(value string) *OperationError {
	return &OperationError{
		Code:    "IP_IN_USE_BY_ANOTHER_RESOURCE",
		Message: fmt.Sprintf("IP '%s' is already being used by another resource.", value),
	}
}

// errorEnvelope is the JSON body of every refusal.
type errorEnvelope struct {
	Error errorBody `json:"error"`
}

type errorBody struct {
	Code    int         `json:"code"`
	Message string      `json:"message"`
	Errors  []errorItem `json:"errors"`
}

type errorItem struct {
	Message string `json:"message"`
	Domain  string `json:"domain"`
	Reason  string `json:"reason"`
}

func (e *APIError) envelope() errorEnvelope {
	return errorEnvelope{errorBody{
		Code: e.Status, Message: e.Message,
		Errors: []errorItem{{Message: e.Message, Domain: "global", Reason: e.Reason}},
	}}
}
