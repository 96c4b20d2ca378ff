package gcesim

import (
	"fmt"
	"strings"
)

func (o *instance) path() string { return strings.TrimPrefix(o.SelfLink, selfLinkBase) }

func getInstance(s *Sim, c *call) (any, *APIError) {
	i, ok := lookBack(s, c, s.instances).get(c.Project, c.in, c.Resource)
	if !ok {
		return nil, notFound(c.path("instances", c.Resource))
	}
	return i, nil
}

func listInstances(s *Sim, c *call) (any, *APIError) {
	return list(s, c, s.instances, "instance", "instances")
}

func aggregateInstances(s *Sim, c *call) (any, *APIError) {
	return aggregate(s, c, s.instances, "instance", "instances", "zones")
}

func insertInstance(s *Sim, c *call) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	var body instance
	if refusal := decode(c, &body); refusal != nil {
		return nil, refusal
	}
	i, undo, failure, refusal := s.newInstance(c.Project, c.in, body)
	if refusal != nil {
		return nil, refusal
	}
	return s.begin(c, change{
		kind: "insert", path: i.path(), targetID: i.ID, err: failure, abort: undo,
		apply: func() *OperationError {
			s.instances.put(s.clock.Now(), c.Project, c.in, i)
			return nil
		},
	})
}

// newInstance validates a VM and takes its addresses; undo gives them back.
// An address that is in use is a failure of the operation, not a refusal.
func (s *Sim) newInstance(project string, in scope, body instance) (*instance, func(), *OperationError, *APIError) {
	if refusal := checkName(body.Name); refusal != nil {
		return nil, nil, nil, refusal
	}
	path := resourcePath(project, in, "instances", body.Name)
	if _, ok := s.instances.get(project, in, body.Name); ok || s.isBusy(path) {
		return nil, nil, nil, alreadyExists(path)
	}
	if n := len(body.NetworkInterfaces); n == 0 || n > maxInterfacesPerVM {
		return nil, nil, nil, invalidField("resource.networkInterfaces", fmt.Sprint(n), "A VM has between 1 and %d network interfaces.", maxInterfacesPerVM)
	}
	i := body
	i.Kind, i.ID, i.CreationTimestamp = kindPrefix+"instance", s.nextID(), s.stamp()
	i.SelfLink, i.Zone = selfLinkBase+path, selfLinkBase+"projects/"+project+"/"+in.String()
	i.Status, i.LastStartTimestamp = "RUNNING", i.CreationTimestamp
	i.Fingerprint, i.LabelFingerprint = s.fingerprint(), s.fingerprint()
	i.NetworkInterfaces = nil
	var undos []func()
	undo := func() {
		for _, u := range undos {
			u()
		}
		undos = nil
	}
	var failure *OperationError
	for at := range body.NetworkInterfaces {
		nic := body.NetworkInterfaces[at]
		back, failed, refusal := s.newInterface(project, in, path, at, &nic)
		if refusal != nil {
			undo()
			return nil, nil, nil, refusal
		}
		undos = append(undos, back)
		if failure == nil {
			failure = failed
		}
		i.NetworkInterfaces = append(i.NetworkInterfaces, nic)
	}
	s.machineIDs[machineKey(project, in, fmt.Sprint(i.ID))] = &i
	return &i, undo, failure, nil
}

func machineKey(project string, in scope, id string) string {
	return project + " " + in.String() + " " + id
}

// byID turns the numeric ID of an instance in a request's path into its
// name: the reference's pattern for {instance} admits both. An ID whose VM is
// gone stays as it is, and nothing has such a name.
func (s *Sim) byID(c *call) {
	if c.in.kind != "zones" || c.Resource == "" || c.Resource[0] > '9' {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	was, ok := s.machineIDs[machineKey(c.Project, c.in, c.Resource)]
	if !ok {
		return
	}
	if i, ok := s.instances.get(c.Project, c.in, was.Name); ok && i.ID == was.ID {
		c.Resource = i.Name
	}
}

func deleteInstance(s *Sim, c *call) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	i, refusal := s.readyInstance(c)
	if refusal != nil {
		return nil, refusal
	}
	return s.begin(c, change{kind: "delete", path: i.path(), targetID: i.ID, apply: func() *OperationError {
		return s.dropInstance(c.Project, c.in, i)
	}})
}

func (s *Sim) readyInstance(c *call) (*instance, *APIError) {
	path := c.path("instances", c.Resource)
	i, ok := s.instances.get(c.Project, c.in, c.Resource)
	if !ok {
		return nil, notFound(path)
	}
	if s.isBusy(path) {
		return nil, notReady(path)
	}
	return i, nil
}

// dropInstance makes a VM vanish and gives its addresses back.
func (s *Sim) dropInstance(project string, in scope, was *instance) *OperationError {
	i, gone := s.current(project, in, was)
	if gone != nil {
		return gone
	}
	s.instances.del(s.clock.Now(), project, in, i.Name)
	s.forgetInstance(project, in, i.Name)
	delete(s.machineIDs, machineKey(project, in, fmt.Sprint(i.ID)))
	for _, nic := range i.NetworkInterfaces {
		sp := s.spaceOf(strings.TrimPrefix(nic.Network, selfLinkBase))
		sp.vms--
		s.release(sp, mustPrefix(nic.NetworkIP+"/32"))
		for _, a := range nic.AliasIPRanges {
			s.release(sp, mustPrefix(a.IPCidrRange))
		}
		if p, ok := nic.ipv6(); ok {
			s.release(sp, p)
		}
	}
	return nil
}

// current is the VM as it is now, if it is still the same one.
func (s *Sim) current(project string, in scope, was *instance) (*instance, *OperationError) {
	i, ok := s.instances.get(project, in, was.Name)
	if !ok || i.ID != was.ID {
		return nil, &OperationError{Code: "RESOURCE_NOT_FOUND", Message: fmt.Sprintf("The resource '%s' was not found", was.path()), HTTPStatus: 404}
	}
	return i, nil
}

func startInstance(s *Sim, c *call) (any, *APIError) { return s.switchInstance(c, "start", "RUNNING") }
func stopInstance(s *Sim, c *call) (any, *APIError)  { return s.switchInstance(c, "stop", "TERMINATED") }

func (s *Sim) switchInstance(c *call, kind, status string) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	was, refusal := s.readyInstance(c)
	if refusal != nil {
		return nil, refusal
	}
	return s.begin(c, change{kind: kind, path: was.path(), targetID: was.ID, apply: func() *OperationError {
		i, gone := s.current(c.Project, c.in, was)
		if gone != nil {
			return gone
		}
		next := *i
		next.Status, next.Fingerprint = status, s.fingerprint()
		if status == "RUNNING" {
			next.LastStartTimestamp = s.stamp()
		} else {
			next.LastStopTimestamp = s.stamp()
		}
		s.instances.put(s.clock.Now(), c.Project, c.in, &next)
		return nil
	}})
}
