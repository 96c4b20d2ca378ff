package main

import "context"

// crew are the twenty that come at once, by max pods. With the first three
// they leave no room for one more node of 110 pods.
var crew = []struct{ nodes, maxPods int }{{5, 8}, {8, 32}, {4, 110}, {3, 250}}

func (s *stage) three(ctx context.Context) error {
	for i := 1; i <= 3; i++ {
		if err := s.join(ctx, s.east, worker(i, 110)); err != nil {
			return err
		}
	}
	return s.until(ctx, "waiting for three nodes", s.settled(ctx))
}

func (s *stage) twenty(ctx context.Context) error {
	times := "twice that"
	if s.words.spare == 1 {
		times = "that"
	}
	s.note("They run up to 8, 32, 110 or 250 pods. A node CIDR is %s, rounded up.", times)
	number := 3
	for _, c := range crew {
		for range c.nodes {
			number++
			if err := s.join(ctx, s.east, worker(number, c.maxPods)); err != nil {
				return err
			}
		}
	}
	return s.until(ctx, "waiting for twenty nodes more", s.settled(ctx))
}
