package gcesim

import (
	"net/netip"
	"sort"
	"strings"
)

// AddFirewall adds a firewall rule, or puts this one in the place of the one
// of that name.
func (s *Sim) AddFirewall(f Firewall) error {
	defer s.lock()()
	s.firewalls.del(s.clock.Now(), f.Project, global, f.Name)
	body := firewall{
		Name: f.Name, Network: "global/networks/" + f.Network, Description: f.Description, Disabled: f.Disabled,
		SourceTags: f.SourceTags, TargetTags: f.TargetTags, SourceRanges: rangeTexts(f.Sources), DestinationRanges: rangeTexts(f.Destinations),
	}
	if f.Priority != 0 {
		body.Priority = new(uint32(f.Priority))
	}
	for _, p := range f.Protocols {
		a := firewallAction{}
		ports := ""
		if a.IPProtocol, ports, _ = strings.Cut(p, ":"); ports != "" {
			a.Ports = strings.Split(ports, ",")
		}
		if f.Deny {
			body.Denied = append(body.Denied, a)
		} else {
			body.Allowed = append(body.Allowed, a)
		}
	}
	made, refusal := s.newFirewall(f.Project, body)
	if refusal == nil {
		s.firewalls.put(s.clock.Now(), f.Project, global, made)
	}
	return asError(refusal)
}

// DeleteFirewall removes a firewall rule.
func (s *Sim) DeleteFirewall(project, name string) error {
	defer s.lock()()
	if _, ok := s.firewalls.get(project, global, name); !ok {
		return notFound(resourcePath(project, global, "firewalls", name))
	}
	s.firewalls.del(s.clock.Now(), project, global, name)
	return nil
}

// Firewalls is every rule for incoming traffic, in order of project and name.
func (s *Sim) Firewalls() []Firewall {
	defer s.lock()()
	var out []Firewall
	s.firewalls.all(func(in shelfKey, f *firewall) {
		if f.Direction != "INGRESS" {
			return
		}
		one := Firewall{
			Project: in.project, Name: f.Name, Network: f.Network[strings.LastIndexByte(f.Network, '/')+1:], Description: f.Description,
			Priority: int(*f.Priority), Deny: len(f.Denied) > 0, Disabled: f.Disabled,
			Sources: rangesOf(f.SourceRanges), Destinations: rangesOf(f.DestinationRanges), SourceTags: f.SourceTags, TargetTags: f.TargetTags,
		}
		for _, a := range append(f.Allowed[:len(f.Allowed):len(f.Allowed)], f.Denied...) {
			text := a.IPProtocol
			if len(a.Ports) > 0 {
				text += ":" + strings.Join(a.Ports, ",")
			}
			one.Protocols = append(one.Protocols, text)
		}
		out = append(out, one)
	})
	sort.Slice(out, func(a, b int) bool {
		return out[a].Project < out[b].Project || out[a].Project == out[b].Project && out[a].Name < out[b].Name
	})
	return out
}

func rangeTexts(list []netip.Prefix) (out []string) {
	for _, p := range list {
		out = append(out, p.String())
	}
	return out
}

func rangesOf(list []string) (out []netip.Prefix) {
	for _, text := range list {
		out = append(out, mustPrefix(text))
	}
	return out
}
