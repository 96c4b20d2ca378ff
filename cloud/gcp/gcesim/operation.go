package gcesim

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// change is a mutation that has been accepted.
type change struct {
	kind     string // the operationType, such as "insert"
	path     string // of the target
	targetID uint64
	// apply makes the change visible; an error it finds ends the operation.
	apply func() *OperationError
	// lasting, where set, is asked when the change has been applied: an
	// operation with more to wait for keeps RUNNING, while its target is ready,
	// and is asked again at next.
	lasting func(now time.Time) (next time.Time, more bool)
	// abort gives back what was claimed when the change was accepted.
	abort func()
	// err, where set, is how the operation will end.
	err      *OperationError
	warnings []messageWarning
}

var uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// replayed answers a request whose requestId was seen before with its
// operation ("the server will know to ignore the request": every mutating
// method's reference).
func (s *Sim) replayed(c *call) (*operation, *APIError) {
	id := c.RequestID
	if id == "" {
		return nil, nil
	}
	if !uuidPattern.MatchString(id) || strings.Trim(id, "0-") == "" {
		return nil, invalidField("requestId", id, "The request ID must be a valid UUID with the exception that zero UUID is not supported.")
	}
	if name, ok := s.requests[c.requestKey()]; ok {
		if op, ok := s.operations.get(c.Project, c.in, name); ok {
			return op, nil
		}
	}
	return nil, nil
}

func (c *call) requestKey() string {
	return strings.Join([]string{c.Project, c.Scope, c.Method, c.RequestID}, " ")
}

// isBusy reports whether an operation on the resource is under way.
func (s *Sim) isBusy(path string) bool { return s.busy[path] != "" }

// begin starts the operation of a change. The target must be ready.
func (s *Sim) begin(c *call, ch change) (any, *APIError) {
	if s.isBusy(ch.path) {
		return nil, notReady(ch.path)
	}
	now := s.clock.Now()
	took := s.latency(c.Method)
	for _, f := range c.faults {
		took += f.Slow
		if f.OperationError != nil {
			ch.err = f.OperationError
		}
	}
	op := s.newOperation(c, ch, now)
	s.busy[ch.path] = op.Name
	s.doneAt[op.Name] = now.Add(took)
	s.operations.put(now, c.Project, c.in, op)
	if c.RequestID != "" {
		s.requests[c.requestKey()] = op.Name
	}
	in := shelfKey{c.Project, c.in}
	if took > 0 {
		s.schedule(now.Add(took/pendingBeforeRunning), func() { s.run(in, op.Name) })
	}
	key := c.requestKey()
	s.schedule(now.Add(took), func() { s.finish(in, op.Name, ch, key) })
	op, _ = s.operations.get(c.Project, c.in, op.Name)
	return op, nil
}

func (s *Sim) newOperation(c *call, ch change, now time.Time) *operation {
	s.lastStamp++
	op := &operation{
		Kind: kindPrefix + "operation", ID: s.nextID(),
		// Names sort by time, as those of the API do.
		Name:              fmt.Sprintf("operation-%013d-%08x", now.UnixMilli(), s.lastStamp),
		ClientOperationID: c.RequestID,
		OperationType:     ch.kind,
		TargetLink:        selfLinkBase + ch.path,
		TargetID:          ch.targetID,
		Status:            "PENDING",
		User:              defaultUser,
		InsertTime:        now.Format(timeFormat),
		Warnings:          ch.warnings,
	}
	op.SelfLink = selfLinkBase + c.path("operations", op.Name)
	switch c.in.kind {
	case "zones":
		op.Zone = selfLinkBase + "projects/" + c.Project + "/" + c.Scope
	case "regions":
		op.Region = selfLinkBase + "projects/" + c.Project + "/" + c.Scope
	}
	return op
}

func (s *Sim) run(in shelfKey, name string) {
	if old, ok := s.operations.get(in.project, in.scope, name); ok {
		op := *old
		op.Status, op.StartTime = "RUNNING", s.stamp()
		s.operations.put(s.clock.Now(), in.project, in.scope, &op)
	}
}

// finish does what an operation is for: its effects appear, or what it claimed
// goes back.
func (s *Sim) finish(in shelfKey, name string, ch change, request string) {
	if s.busy[ch.path] == name {
		delete(s.busy, ch.path)
	}
	failure := ch.err
	if failure == nil {
		failure = ch.apply()
	}
	if failure != nil && ch.abort != nil {
		ch.abort()
	}
	if failure == nil && ch.lasting != nil {
		s.run(in, name)
		s.last(in, name, ch, request)
		return
	}
	s.end(in, name, failure, request)
}

// last ends an operation when there is no more to wait for.
func (s *Sim) last(in shelfKey, name string, ch change, request string) {
	next, more := ch.lasting(s.clock.Now())
	if !more {
		s.end(in, name, nil, request)
		return
	}
	s.doneAt[name] = next
	s.schedule(next, func() { s.last(in, name, ch, request) })
}

func (s *Sim) end(in shelfKey, name string, failure *OperationError, request string) {
	delete(s.doneAt, name)
	now := s.clock.Now()
	if old, ok := s.operations.get(in.project, in.scope, name); ok {
		op := *old
		op.Status, op.Progress, op.EndTime = "DONE", 100, now.Format(timeFormat)
		if op.StartTime == "" {
			op.StartTime = op.EndTime
		}
		op.fail(failure)
		s.operations.put(now, in.project, in.scope, &op)
	}
	s.schedule(now.Add(s.config.OperationTTL), func() {
		s.operations.del(s.clock.Now(), in.project, in.scope, name)
		if s.requests[request] == name {
			delete(s.requests, request)
		}
	})
}

func (o *operation) fail(e *OperationError) {
	if e == nil {
		return
	}
	status := orDefault(e.HTTPStatus, http.StatusBadRequest)
	o.Error = &operationErrors{[]operationErrorItem{{Code: e.Code, Message: e.Message}}}
	o.HTTPErrorStatusCode = status
	o.HTTPErrorMessage = strings.ToUpper(http.StatusText(status))
}

func getOperation(s *Sim, c *call) (any, *APIError) {
	op, ok := s.operations.get(c.Project, c.in, c.Resource)
	if !ok {
		return nil, notFound(c.path("operations", c.Resource))
	}
	return op, nil
}

func listOperations(s *Sim, c *call) (any, *APIError) {
	return list(s, c, s.operations, "operation", "operations")
}

func aggregateOperations(s *Sim, c *call) (any, *APIError) {
	return aggregate(s, c, s.operations, "operation", "operations", "global", "regions", "zones")
}

// waitOperation only marks the endpoint: waiting must not hold the lock.
func waitOperation(*Sim, *call) (any, *APIError) { panic("gcesim: wait is served unlocked") }

// waitFor answers when the operation is DONE, or unfinished at the limit:
// wait is best effort (zoneOperations.wait).
func (s *Sim) waitFor(ctx context.Context, c *call) (any, *APIError) {
	limit := s.clock.Now().Add(s.config.WaitLimit)
	for first := true; ; first = false {
		op, until, refusal := s.look(c, first)
		if refusal != nil || op.Status == "DONE" {
			return op, refusal
		}
		now := s.clock.Now()
		if !now.Before(limit) {
			return op, nil
		}
		if limit.Before(until) {
			until = limit
		}
		select {
		case <-s.clock.After(until.Sub(now)):
		case <-ctx.Done():
			return op, nil
		}
	}
}

// look reads one operation and when it will be DONE.
func (s *Sim) look(c *call, first bool) (*operation, time.Time, *APIError) {
	defer s.lock()()
	if first {
		if refusal := s.admit(c); refusal != nil {
			return nil, time.Time{}, refusal
		}
	}
	op, ok := s.operations.get(c.Project, c.in, c.Resource)
	if !ok {
		return nil, time.Time{}, notFound(c.path("operations", c.Resource))
	}
	return op, s.doneAt[op.Name], nil
}
