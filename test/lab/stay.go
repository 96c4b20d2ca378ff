package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vpcnative/vpcnative/test/lab/enclosure"
)

// stay leaves all running until a person has seen enough.
func (s *stage) stay(ctx context.Context) error {
	var configs []string
	for i, l := range s.site.Clusters() {
		configs = append(configs, filepath.Join(enclosure.Dir, fmt.Sprintf("kubeconfig-%d", i+1)))
		content, err := os.ReadFile(l.Server.KubeconfigFile)
		if err == nil {
			err = os.WriteFile(configs[i], content, 0o600)
		}
		if err != nil {
			return err
		}
	}
	fmt.Fprintf(s.out, `
The lab runs until Ctrl-C. Look around from another terminal:
  enter         nsenter -t %[1]s -m -n -p env KUBECONFIG=%[2]s PATH=%[3]s/nodes:$PATH bash
and in there
  the cluster   kubectl get nodes,pods -A -o wide
  a machine     nsenter --net=/run/netns/lab-a ip route
  its pods      ctr -a %[4]s/a/containerd.sock -n k8s.io containers ls
  the fabric    nsenter --net=/run/netns/lab-vpc tcpdump -ni any
  the cloud     %[5]s
  logs          ls %[6]s/*.log
`, enclosure.Pid(), configs[0], s.bin, enclosure.Dir, s.site.Endpoint, s.site.Clusters()[0].Server.Dir)
	for _, config := range configs[1:] {
		fmt.Fprintf(s.out, "  its neighbour kubectl --kubeconfig=%s get nodes,pods -A -o wide\n", config)
	}
	<-ctx.Done()
	return nil
}
