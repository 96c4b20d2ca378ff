package lb

import "errors"

// ErrMixedProtocols is in the chain of Want's error where the cloud cannot
// have a balancer's protocols together.
var ErrMixedProtocols = errors.New("the cloud cannot have these protocols on one load balancer")
