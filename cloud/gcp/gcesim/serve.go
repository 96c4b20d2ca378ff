package gcesim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vpcnative/vpcnative/cloud/simulate"
)

const maxBody = 4 << 20

// Serve listens on addr, such as "127.0.0.1:0", and returns the server's URL.
// stop ends it and waits until it has ended.
func (s *Sim) Serve(addr string) (url string, stop func(), err error) {
	return simulate.Serve(addr, s)
}

// ServeHTTP answers one request of the REST API.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{Call: Call{Start: s.clock.Now()}, query: r.URL.Query()}
	c.RequestID = c.query.Get("requestId")
	e, refusal := findEndpoint(r.Method, r.URL.Path, c)
	var reply any
	if refusal == nil {
		s.byID(c)
		c.faults = simulate.Match(&s.Faults, c.Call)
		reply, refusal = s.answer(e, c, r)
	}
	body := s.encode(c, reply, refusal, r)
	lost := simulate.After(r.Context(), c.faults, c.Call)
	if lost {
		c.Status = 0
	}
	simulate.Record(&s.Log, c.Call, c.Method, c.Mutating) // before the reply, so that the caller finds it there
	if lost {
		panic(http.ErrAbortHandler) // net/http cuts the connection
	}
	if slices.ContainsFunc(c.faults, func(f Fault) bool { return f.Partial != nil && f.Partial.How == ByEmpty }) {
		simulate.LeaveOut(w)
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(c.Status)
	w.Write(body)
}

// answer does what the call asks, with the faults that strike before.
func (s *Sim) answer(e endpoint, c *call, r *http.Request) (any, *APIError) {
	if refusal := s.authenticate(r); refusal != nil {
		return nil, refusal
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "badRequest", "reading the request: %v", err)
	}
	c.body = body
	if refusal := c.checkRequest(r.Method); refusal != nil {
		return nil, refusal
	}
	if err := simulate.Before(r.Context(), c.faults, c.Call); errors.Is(err, simulate.ErrGaveUp) {
		return nil, refuse(499, "cancelled", "the caller gave up")
	} else if refusal, ok := errors.AsType[*APIError](err); ok {
		return nil, refusal
	}

	if e.unlocked {
		return s.waitFor(r.Context(), c)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	if refusal := s.admit(c); refusal != nil {
		return nil, refusal
	}
	reply, refusal := e.handle(s, c)
	if refusal != nil {
		return nil, refusal
	}
	return partial(c, reply)
}

// admit checks what every call has in common: rate, project, region and zone.
func (s *Sim) admit(c *call) *APIError {
	if refusal := s.limitRate(c); refusal != nil {
		return refusal
	}
	if _, ok := s.projects[c.Project]; !ok {
		return notFound("projects/" + c.Project)
	}
	switch c.in.kind {
	case "regions":
		if _, ok := s.config.Regions[c.in.name]; !ok {
			return invalidField("region", c.in.name, "Unknown region.")
		}
	case "zones":
		if _, ok := s.regionOf(c.in.name); !ok {
			return invalidField("zone", c.in.name, "Unknown zone.")
		}
	}
	return nil
}

func (s *Sim) authenticate(r *http.Request) *APIError {
	if s.config.Token == "" {
		return nil
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return refuse(http.StatusUnauthorized, "required", "Login Required.")
	}
	if token != s.config.Token {
		return refuse(http.StatusUnauthorized, "authError", "Invalid Credentials")
	}
	return nil
}

// encode writes the reply or the refusal, and notes the status in the call.
func (s *Sim) encode(c *call, reply any, refusal *APIError, r *http.Request) []byte {
	if refusal == nil {
		reply, refusal = selectFields(reply, fieldMask(c.query, r.Header))
	}
	c.Status = http.StatusOK
	if refusal != nil {
		c.Status, c.Reason = refusal.Status, refusal.Reason
		reply = refusal.envelope()
	}
	body, err := json.Marshal(reply)
	if err != nil {
		panic(err) // our own types always encode
	}
	return body
}

type rateKey struct {
	project  string
	mutating bool
}

type rateCount struct {
	window time.Time
	n      int
}

// limitRate counts calls in fixed windows of a minute, as the rate limits
// page describes them.
func (s *Sim) limitRate(c *call) *APIError {
	limit := s.config.ReadsPerMinute
	if c.Mutating {
		limit = s.config.WritesPerMinute
	}
	if limit == 0 {
		return nil
	}
	key := rateKey{c.Project, c.Mutating}
	count := s.rate[key]
	if now := s.clock.Now(); count == nil || now.Sub(count.window) >= rateWindow {
		count = &rateCount{window: now}
		s.rate[key] = count
	}
	if count.n++; count.n > limit {
		return RateLimited()
	}
	return nil
}
