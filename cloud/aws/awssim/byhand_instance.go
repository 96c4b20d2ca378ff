package awssim

import "slices"

// AddInstance launches an instance and gives it back with its IDs and
// addresses. The first interface is the primary one. An ID that it has already
// is kept: the test knew it before.
func (s *Sim) AddInstance(i Instance) (made Instance, err error) {
	s.locked(func() {
		vm, refusal := s.launch(i, tagsOf(i.Tags), running)
		if err = asError(refusal); err == nil {
			made = s.public(vm)
		}
	})
	return made, err
}

// launch makes an instance with its interfaces, or nothing.
func (s *Sim) launch(i Instance, t tags, state instanceState) (*instance, *APIError) {
	l, known := instanceTypes[orDefault(i.Type, defaultInstance)]
	if !known || len(i.Interfaces) == 0 || len(i.Interfaces) > l.interfaces {
		return nil, invalidValue("instance type %s with %d interfaces", i.Type, len(i.Interfaces))
	}
	primary := s.subnets.items[i.Interfaces[0].Subnet]
	if primary == nil {
		return nil, subnetIDs.notFound(i.Interfaces[0].Subnet)
	}
	vm := &instance{ID: orDefault(i.ID, s.id(instanceIDs)), Type: orDefault(i.Type, defaultInstance), Subnet: primary.ID, VpcID: primary.VpcID,
		Zone: primary.AvailabilityZone, State: state, Tags: t}
	s.instances.put(vm)
	for n, card := range i.Interfaces {
		if refusal := s.plug(vm, n, card); refusal != nil {
			s.end(vm)
			s.instances.del(vm.ID)
			return nil, refusal
		}
	}
	now := *vm
	now.Private = s.cards(vm.ID)[0].PrivateIP
	s.instances.put(&now)
	return &now, nil
}

// plug makes an interface and attaches it.
func (s *Sim) plug(vm *instance, index int, card Interface) *APIError {
	sub, ok := s.subnets.items[card.Subnet]
	if !ok {
		return subnetIDs.notFound(card.Subnet)
	}
	if sub.AvailabilityZone != vm.Zone {
		return refuse("InvalidParameterCombination", "You may not attach a network interface to an instance in another availability zone")
	}
	i, refusal := s.newInterface(sub, card.IP)
	if refusal != nil {
		return refusal
	}
	i.Status = "in-use"
	i.Attachment = &attachment{ID: s.id(idKind{prefix: "eni-attach-"}), InstanceID: vm.ID, InstanceOwnerID: s.config.Account,
		DeviceIndex: index, Status: "attached", DeleteOnTermination: !card.Kept}
	s.interfaces.put(i)
	if len(card.Prefixes) == 0 && len(card.Secondary) == 0 {
		return nil
	}
	_, _, refusal = s.assign(i, assignment{prefixes: card.Prefixes, addresses: card.Secondary})
	return refusal
}

// TerminateInstance ends an instance; interfaces that are not kept go with it.
func (s *Sim) TerminateInstance(id string) (err error) {
	s.locked(func() {
		vm, ok := s.instances.items[id]
		if !ok {
			err = instanceIDs.notFound(id)
			return
		}
		s.end(vm)
	})
	return err
}

func (s *Sim) end(vm *instance) {
	for _, i := range s.cards(vm.ID) {
		if i.Attachment.DeleteOnTermination {
			s.dropInterface(i)
			continue
		}
		next := *i
		next.Attachment, next.Status = nil, "available"
		s.interfaces.put(&next)
	}
	gone := *vm
	gone.State, gone.Subnet, gone.VpcID, gone.Private = terminated, "", "", ""
	s.instances.put(&gone)
}

// StopInstance stops an instance. It keeps its interfaces and all they hold.
func (s *Sim) StopInstance(id string) (err error) {
	s.locked(func() {
		vm, ok := s.instances.items[id]
		if !ok || vm.State != running {
			err = refuse("IncorrectInstanceState", "The instance '%s' is not in a state from which it can be stopped.", id)
			return
		}
		next := *vm
		next.State = stopped
		s.instances.put(&next)
	})
	return err
}

// cards are an instance's interfaces, the primary one first.
func (s *Sim) cards(id string) (out []*networkInterface) {
	for _, i := range s.interfaces.all() {
		if i.instance() == id {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b *networkInterface) int { return a.Attachment.DeviceIndex - b.Attachment.DeviceIndex })
	return out
}
