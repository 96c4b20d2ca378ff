package awssim

import (
	"cmp"
	"fmt"
)

// ElasticIPs are the tags of every Elastic IP, by its allocation ID.
func (s *Sim) ElasticIPs() map[string]map[string]string {
	out := map[string]map[string]string{}
	s.locked(func() {
		for _, e := range s.elasticIPs.all() {
			out[e.ID] = e.Tags.public()
		}
	})
	return out
}

// DefaultRules are the inbound rules of the VPCs' default groups, but for the
// one that each has from the start.
func (s *Sim) DefaultRules() (out []string) {
	s.locked(func() {
		for _, g := range s.groups.all() {
			for _, r := range g.Inbound {
				if g.Name == defaultGroup && r.Group != g.ID {
					out = append(out, r.brief())
				}
			}
		}
	})
	return out
}

// brief is a rule in few words.
func (r groupRule) brief() string {
	return fmt.Sprintf("%s %d-%d from %s", r.Protocol, r.From, r.To, cmp.Or(r.Group, r.CIDR.String()))
}

// Tag sets a tag of a resource of EC2.
func (s *Sim) Tag(id, key, value string) (err error) {
	s.locked(func() {
		do, refusal := s.tagger(&call{Call: Call{Mutating: true}}, id, func(t tags) tags { return t.with(key, value) })
		if err = asError(refusal); err == nil {
			do()
		}
	})
	return err
}
