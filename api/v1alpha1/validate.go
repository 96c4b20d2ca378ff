package v1alpha1

import (
	"fmt"
	"net/netip"
	"strings"
)

// Validate checks a spec for what the schema cannot express, or an earlier schema
// accepted.
func (s *RangeRequestSpec) Validate() error {
	if err := read(s.Unreadable); err != nil {
		return err
	}
	if err := valid("cidrs", s.CIDRs...); err != nil {
		return err
	}
	if s.NewSubnets != nil {
		if err := valid("newSubnets.blocks", s.NewSubnets.Blocks...); err != nil {
			return err
		}
	}
	if s.NodeSelector != nil {
		if _, err := s.NodeSelector.Selector(); err != nil {
			return fmt.Errorf("nodeSelector: %w; it selects no node until it is fixed", err)
		}
	}
	if s.Growth != nil && s.Growth.ReclaimAfter != nil {
		if _, err := s.Growth.ReclaimAfter.Parse(); err != nil {
			return fmt.Errorf("growth.reclaimAfter: %w; nothing is reclaimed until it is fixed", err)
		}
	}
	return nil
}

// Validate checks a spec for what the schema cannot express, or an earlier schema
// accepted.
func (s *NetworkSpec) Validate() error {
	if err := read(s.Unreadable); err != nil {
		return err
	}
	if err := valid("supernets", s.Supernets...); err != nil {
		return err
	}
	for _, r := range s.Reserved {
		if err := valid("reserved", r.CIDR); err != nil {
			return err
		}
	}
	return nil
}

func read(unreadable []string) error {
	if len(unreadable) == 0 {
		return nil
	}
	return fmt.Errorf("%s cannot be decoded: see `kubectl explain` for its format", strings.Join(unreadable, ", "))
}

func valid(field string, cidrs ...CIDR) error {
	for _, c := range cidrs {
		if p, err := netip.ParsePrefix(string(c)); err != nil || p != p.Masked() || p.Addr().Is4In6() {
			return fmt.Errorf("%s: %q is not a CIDR without host bits, such as 10.0.0.0/16", field, string(c))
		}
	}
	return nil
}
