package gcesim

import "time"

// Call is one line of the log of calls.
type Call struct {
	Method   string // such as "instances.updateNetworkInterface"
	Project  string
	Scope    string // "global", "zones/..." , "regions/...", "aggregated" or ""
	Resource string // name of the resource, "" for a collection
	// RequestID is the requestId parameter, "" where there was none.
	RequestID string
	// Status is the HTTP status answered; 0 where no reply was sent.
	Status int
	// Reason is the error's reason, "" for success.
	Reason   string
	Start    time.Time
	Mutating bool
}
