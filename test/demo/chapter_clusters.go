package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// pools are the RangeRequests that both clusters make at the same time, and
// the label of the nodes that draw from each.
var pools = []string{"batch", "gpu"}

// poolNodes join each pool.
const poolNodes = 2

// clusters has two clusters carve from the same supernets at once.
func (s *stage) clusters(ctx context.Context) error {
	s.screen.busy("starting etcd and kube-apiserver of west")
	<-s.westUp
	if s.westErr != nil {
		return s.westErr
	}
	s.board.several.Store(true)
	s.introduce(s.west)
	if err := s.enter(ctx, s.west); err != nil {
		return err
	}
	but := ", but for the subnet of its nodes"
	if s.east.subnet == s.west.subnet {
		but = ": the nodes of both are in one subnet"
	}
	s.note("It is named west, and the first one east. It gets the same Network%s.", but)
	if err := s.west.apply(ctx, s.network(s.west)); err != nil {
		return err
	}
	if err := s.until(ctx, "waiting for west to read the VPC", s.west.hasRead(ctx)); err != nil {
		return err
	}
	if err := s.race(ctx); err != nil {
		return err
	}
	s.note("Nodes of both join, in pools that use these ranges.")
	err := atOnce(s.up(), func(c *cluster) error {
		for i := range poolNodes * len(pools) {
			m := member{name: fmt.Sprintf("%s-%d", c.name, i+1), number: i, maxPods: 110, pool: pools[i/poolNodes]}
			if err := s.join(ctx, c, m); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.until(ctx, "waiting for the nodes of both", s.settled(ctx))
}

// race gives both clusters the same requests at the same moment. Nothing here
// needs them to meet, though they mostly do.
func (s *stage) race(ctx context.Context) error {
	s.note("Now both get these requests at the same moment. If one manager reads the VPC before the other's change is done, both want the same block. Then the cloud refuses one of them (in red, %s), and that manager reads again and carves elsewhere.", s.words.refusal)
	s.screen.quote(s.yaml("pools"))
	before := s.board.refused()
	if err := atOnce(s.up(), func(c *cluster) error { return c.apply(ctx, s.yaml("pools")) }); err != nil {
		return err
	}
	for _, c := range s.up() {
		if err := s.until(ctx, "waiting for the ranges of both", c.granted(ctx, pools...)); err != nil {
			return err
		}
	}
	s.note("The cloud refused %d changes on the way; each cluster has its two ranges.", s.board.refused()-before)
	return nil
}

// atOnce does the same in all clusters at the same time.
func atOnce(all []*cluster, do func(*cluster) error) error {
	var done sync.WaitGroup
	bad := make([]error, len(all))
	for i, c := range all {
		done.Go(func() { bad[i] = do(c) })
	}
	done.Wait()
	return errors.Join(bad...)
}
