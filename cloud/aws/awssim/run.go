package awssim

import "slices"

var (
	pending      = instanceState{0, "pending"}
	shuttingDown = instanceState{32, "shutting-down"}
	stopping     = instanceState{64, "stopping"}
)

type runReply struct {
	RequestID string    `xml:"requestId"`
	ID        string    `xml:"reservationId"`
	OwnerID   string    `xml:"ownerId"`
	Instances []machine `xml:"instancesSet>item"`
}

// runInstances launches instances with one interface each; a token that was
// seen before answers with what the first call made.
func runInstances(s *Sim, c *call) (any, *APIError) {
	if c.params["ImageId"] == "" {
		return nil, missing("ImageId")
	}
	least, refusal := c.int("MinCount")
	if refusal != nil {
		return nil, refusal
	}
	most, refusal := c.int("MaxCount")
	if refusal != nil {
		return nil, refusal
	}
	if least < 1 || most < least {
		return nil, invalidValue("Value (%d) for parameter minCount is invalid. It has to be between 1 and maxCount.", least)
	}
	t, refusal := c.newTags("instance")
	if refusal != nil {
		return nil, refusal
	}
	if _, ok := see(s, c, s.subnets).get(c.params["SubnetId"]); !ok {
		return nil, subnetIDs.notFound(c.params["SubnetId"])
	}
	token := c.params["ClientToken"]
	ids, again := s.launched[token]
	if token == "" || !again {
		if ids, refusal = s.launchSome(c, least, most, t); refusal != nil {
			return nil, refusal
		}
		s.launched[token] = ids
	}
	reply := runReply{RequestID: requestID, OwnerID: s.config.Account, ID: "r-" + ids[0][2:]}
	for _, id := range ids {
		if vm, ok := s.instances.items[id]; ok {
			reply.Instances = append(reply.Instances, vm.machine(s.cards(id)))
		}
	}
	return reply, nil
}

// launchSome launches as many instances as can be had, and none where they are
// fewer than the least.
func (s *Sim) launchSome(c *call, least, most int, t tags) (ids []string, refusal *APIError) {
	for range most {
		vm, refusal := s.launch(Instance{Type: c.params["InstanceType"], Interfaces: []Interface{{Subnet: c.params["SubnetId"]}}}, t, pending)
		switch {
		case refusal != nil && len(ids) < least:
			for _, id := range ids {
				s.end(s.instances.items[id])
			}
			return nil, refusal
		case refusal != nil:
			return ids, nil
		}
		ids = append(ids, vm.ID)
		s.later(func() { s.turnInstance(vm.ID, pending, running) })
	}
	return ids, nil
}

// turnInstance moves an instance on, if it is still where it was.
func (s *Sim) turnInstance(id string, from, to instanceState) {
	vm, ok := s.instances.items[id]
	if !ok || vm.State != from {
		return
	}
	if to == terminated {
		s.end(vm)
		return
	}
	next := *vm
	next.State = to
	s.instances.put(&next)
}

type stateReply struct {
	RequestID string        `xml:"requestId"`
	Changes   []stateChange `xml:"instancesSet>item"`
}

type stateChange struct {
	ID       string        `xml:"instanceId"`
	Current  instanceState `xml:"currentState"`
	Previous instanceState `xml:"previousState"`
}

// shift is an action that takes instances from some states to another by way
// of a third. One that is there already stays.
func shift(verb string, from []instanceState, by, to instanceState) func(*Sim, *call) (any, *APIError) {
	return func(s *Sim, c *call) (any, *APIError) {
		ids := c.list("InstanceId")
		if len(ids) == 0 {
			return nil, missing("instanceId")
		}
		for _, id := range ids {
			vm, ok := see(s, c, s.instances).get(id)
			if !ok {
				return nil, instanceIDs.notFound(id)
			}
			if vm.State != by && vm.State != to && !slices.Contains(from, vm.State) {
				return nil, refuse("IncorrectInstanceState", "The instance '%s' is not in a state from which it can be %s.", id, verb)
			}
		}
		reply := stateReply{RequestID: requestID}
		for _, id := range ids {
			was := s.instances.items[id].State
			if slices.Contains(from, was) {
				s.turnInstance(id, was, by)
				s.later(func() { s.turnInstance(id, by, to) })
			}
			reply.Changes = append(reply.Changes, stateChange{id, s.instances.items[id].State, was})
		}
		return reply, nil
	}
}
