package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/vpcnative/vpcnative/test/lab/fabric"
	"github.com/vpcnative/vpcnative/test/lab/netns"
)

// Host is a machine in the VPC, whatever runs there.
type Host struct {
	Name     string
	Instance Instance
	NIC      fabric.NIC
	Netns    string // its namespace
}

// AddHost runs an instance and joins it to the fabric.
func (s *Site) AddHost(ctx context.Context, name string) (*Host, error) {
	h := &Host{Name: name, Netns: s.Prefix + name}
	var err error
	if h.Instance, err = s.VPC.Start(name); err != nil {
		return nil, fmt.Errorf("adding the machine %s: %w", name, err)
	}
	if err := netns.Create(ctx, h.Netns); err != nil {
		return nil, fmt.Errorf("adding the machine %s: %w", name, err)
	}
	if h.NIC, err = s.Fabric.Plug(ctx, h.Instance.ID, h.Netns); err != nil {
		return nil, fmt.Errorf("adding the machine %s: %w", name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hosts[name] = h
	return h, nil
}

// RemoveHost ends what runs on a machine as a loss of power does, takes it off
// the fabric and out of the cloud. What is gone already need not be removed.
func (s *Site) RemoveHost(ctx context.Context, name string) error {
	s.mu.Lock()
	h := s.hosts[name]
	delete(s.hosts, name)
	s.mu.Unlock()
	if h == nil {
		return fmt.Errorf("removing the machine %s: there is none", name)
	}
	s.Fabric.Unplug(ctx, h.Instance.ID)
	return errors.Join(s.VPC.Delete(name), netns.End(ctx, h.Netns))
}

// Host is one by its name.
func (s *Site) Host(name string) *Host {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hosts[name]
}

func (s *Site) removeHosts() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, h := range s.hosts {
		errs = append(errs, netns.Delete(context.Background(), h.Netns))
	}
	return errors.Join(errs...)
}
