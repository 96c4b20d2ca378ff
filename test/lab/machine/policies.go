package machine

import (
	"context"
	"fmt"
	"strings"

	"github.com/vpcnative/vpcnative/test/lab/netns"
)

// PolicyQueue is where kube-network-policies expects first packets.
const PolicyQueue = 100

// queuePolicies sends first packets of forwarded connections to the controller
// of NetworkPolicies by iptables, where the kernel lacks the statement of
// nftables by which the controller would do so itself.
func (m *Machine) queuePolicies(ctx context.Context) error {
	try := netns.Command(ctx, m.Netns, "nft", "--check", "--file", "-")
	try.Stdin = strings.NewReader(fmt.Sprintf("table inet try { chain c { queue num %d } }\n", PolicyQueue))
	if try.Run() == nil {
		return nil
	}
	_, err := netns.Exec(ctx, m.Netns, "iptables", strings.Fields(fmt.Sprintf(
		"--table mangle --append FORWARD --match conntrack --ctstate NEW --jump NFQUEUE --queue-num %d --queue-bypass", PolicyQueue))...)
	return err
}
