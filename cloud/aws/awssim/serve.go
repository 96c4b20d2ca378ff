package awssim

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/vpcnative/vpcnative/cloud/simulate"
)

const maxBody = 4 << 20

// Serve listens on addr, such as "127.0.0.1:0", and returns the server's URL.
// stop ends it and waits until it has ended.
func (s *Sim) Serve(addr string) (url string, stop func(), err error) {
	return simulate.Serve(addr, s)
}

// call is one request being answered.
type call struct {
	Call
	service *service
	params  map[string]string
	faults  []Fault
}

// ServeHTTP answers one request of the query API.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{Call: Call{Start: s.clock.Now()}, service: compute}
	a, refusal := s.parse(c, r)
	var reply any
	if refusal == nil {
		c.faults = simulate.Match(&s.Faults, c.Call)
		reply, refusal = s.answer(a, c, r)
	}
	c.Status = http.StatusOK
	var body []byte
	if refusal != nil {
		c.Status, c.Code = refusal.Status, refusal.Code
		body = c.service.refuse(c.service, refusal)
	} else if reply != nil {
		body = c.service.encode(c.service, c.Action, reply)
	}
	lost := simulate.After(r.Context(), c.faults, c.Call)
	if lost {
		c.Status = 0
	}
	simulate.Record(&s.Log, c.Call, c.Action, c.Mutating) // before the reply, so that the caller finds it there
	if lost {
		panic(http.ErrAbortHandler) // net/http cuts the connection
	}
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.WriteHeader(c.Status)
	w.Write(body)
}

// parse reads which action is called, and with what.
func (s *Sim) parse(c *call, r *http.Request) (action, *APIError) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return action{}, refuse("InvalidRequest", "reading the request: %v", err)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return action{}, refuse("InvalidRequest", "The request received was invalid: %v", err)
	}
	c.params = map[string]string{}
	for name, values := range form {
		c.params[name] = values[0]
	}
	c.Action, c.service = c.params["Action"], serviceOf(c.params["Version"])
	a, known := c.service.actions[c.Action]
	c.Mutating, c.Resource = a.mutates, c.first(a.names)
	if refusal := s.authenticate(c.service, r, body); refusal != nil {
		return a, refusal
	}
	if !known || c.params["Version"] != c.service.version {
		return a, refuse("InvalidAction", "The action %s is not valid for this web service.", c.Action)
	}
	return a, c.check(a)
}

// answer does what the call asks, with the faults that strike before.
func (s *Sim) answer(a action, c *call, r *http.Request) (any, *APIError) {
	if err := simulate.Before(r.Context(), c.faults, c.Call); errors.Is(err, simulate.ErrGaveUp) {
		return nil, &APIError{499, "Cancelled", "the caller gave up"}
	} else if refusal, ok := errors.AsType[*APIError](err); ok {
		if refusal == overRate {
			return nil, c.service.throttled()
		}
		return nil, refusal
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	if refusal := s.throttle(c); refusal != nil {
		return nil, refusal
	}
	if slices.Contains(s.config.Denied, c.Action) {
		return nil, c.service.unauthorized(c.Action)
	}
	if c.params["DryRun"] == "true" {
		return nil, &APIError{http.StatusPreconditionFailed, "DryRunOperation", "Request would have succeeded, but DryRun flag is set."}
	}
	return a.do(s, c)
}
