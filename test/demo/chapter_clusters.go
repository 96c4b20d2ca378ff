package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync"
)

//go:embed pools.yaml
var poolsYAML string

// pools are the RangeRequests that both clusters make at the same time, and
// the label of the nodes that draw from each.
var pools = []string{"batch", "gpu"}

// clusters has two clusters carve from the same supernets at once.
func (s *stage) clusters(ctx context.Context) error {
	s.screen.busy("starting etcd and kube-apiserver of west")
	<-s.westUp
	if s.westErr != nil {
		return s.westErr
	}
	s.west.introduce(s.screen)
	if err := s.enter(ctx, s.west, view{board: s.board, prefix: "west/"}); err != nil {
		return err
	}
	s.note("It gets the same Network, but for the node subnet. West's names begin with west.")
	network := strings.Replace(networkYAML, "["+s.east.subnet+"]", "["+s.west.subnet+"]", 1)
	if err := s.west.apply(ctx, network); err != nil {
		return err
	}
	if err := s.until(ctx, "waiting for west to read the VPC", s.west.hasRead(ctx)); err != nil {
		return err
	}
	s.note("Now both are given these, at the same moment. Each reads the VPC before the\n" +
		"other's change is done, so they want the same blocks: the cloud refuses one\n" +
		"(in red), and that manager reads again and carves elsewhere.")
	s.screen.quote(poolsYAML)
	both := []*cluster{s.east, s.west}
	err := atOnce(both, func(c *cluster) error { return c.apply(ctx, poolsYAML) })
	if err != nil {
		return err
	}
	for _, c := range both {
		if err := s.until(ctx, "waiting for the ranges of both", c.granted(ctx, pools...)); err != nil {
			return err
		}
	}
	s.note("Nodes of both join, in pools that draw from these ranges.")
	err = atOnce(both, func(c *cluster) error {
		for i, pool := range pools {
			for j := range 2 {
				number := 2*i + j + 1
				if err := s.join(ctx, c, member{name: fmt.Sprintf("%s-%s-%d", c.name, pool, j+1), number: number, maxPods: 110, pool: pool}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.until(ctx, "waiting for the nodes of both", s.settled(ctx))
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
