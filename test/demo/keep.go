package main

import (
	"context"
	"fmt"
	"strings"
)

// stay leaves all running until a person ends it.
func (s *stage) stay(ctx context.Context) error {
	s.begin("Everything is kept running")
	s.screen.say(fmt.Sprintf(`
  In another terminal, for the first cluster:

      export KUBECONFIG=%[1]s

  and for west:

      export KUBECONFIG=%[2]s

  Then try

      kubectl get rangerequests,networks,nodes,servicecidrs
      %[3]s ranges --nodes
      %[3]s explain worker-1   # or an address, a prefix, a range
      %[3]s plan --nodes 500 --supernet 10.0.0.0/8
      kubectl create service clusterip one-more --tcp=80
      kubectl get service shop ledger
      %[3]s plan service/default/shop %[7]s
      %[3]s orphans %[7]s
      %[4]s

  The managers' logs are
      %[5]s
      %[6]s`, s.east.server.KubeconfigFile, s.west.server.KubeconfigFile, s.programs.vpcnative,
		s.cloud.query(s.endpoint), s.east.manager.LogFile, s.west.manager.LogFile, strings.Join(s.cloud.flags(s.endpoint), " ")))
	s.screen.busy("Ctrl-C ends it")
	if !s.screen.terminal {
		s.screen.say("\n  Ctrl-C ends it")
	}
	<-ctx.Done()
	return context.Cause(ctx)
}
