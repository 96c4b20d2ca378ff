package gcesim

import "net/http"

// Patient is a client for what people do through the API: a change is done when
// the reply to it comes.
func (s *Sim) Patient() *http.Client { return &http.Client{Transport: patient{s}} }

type patient struct{ *Sim }

// RoundTrip implements http.RoundTripper.
func (p patient) RoundTrip(r *http.Request) (*http.Response, error) {
	reply, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && r.Method != http.MethodGet {
		p.Settle()
	}
	return reply, err
}

// Settle waits until no operation is under way.
func (s *Sim) Settle() {
	for {
		s.mu.Lock()
		s.settle()
		now := s.clock.Now()
		last := now
		for _, at := range s.doneAt {
			if at.After(last) {
				last = at
			}
		}
		s.mu.Unlock()
		if !last.After(now) {
			return
		}
		<-s.clock.After(last.Sub(now))
	}
}
