package awssim

import "time"

// Call is one line of the log of calls.
type Call struct {
	// Action such as "AssignPrivateIpAddresses".
	Action string
	// Resource is the ID that the call names, the first where it names
	// several; empty where it goes by filters.
	Resource string
	// Status is the HTTP status answered; 0 where no reply was sent.
	Status int
	// Code is the error's code, "" for success.
	Code     string
	Start    time.Time
	Mutating bool
}
