package preview

import (
	"fmt"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// Space is a subnet that would be made for new nodes.
type Space struct {
	Zone string `json:"zone"`
	CIDR string `json:"cidr"`
	Name string `json:"name"`
	// Block is associated with the VPC first; it is empty where the VPC has it.
	Block string `json:"block,omitempty"`
	Why   string `json:"why"`
}

// newSpace asks the planner for the zones in which no subnet has room.
func newSpace(in Input, n *v1alpha1.Network, snapshot cloud.Snapshot, r *v1alpha1.RangeRequest, full ...string) (out []Space, no *Refusal) {
	for _, zone := range carve.FullZones(planner(in, n, snapshot, r), full) {
		m, refused := carve.PlanSpace(planner(in, n, snapshot, r), zone)
		if refused != nil {
			return out, &Refusal{Reason: refused.Reason, Text: refused.Text}
		}
		x := Space{Zone: zone, CIDR: m.Subnet.Prefix.String(), Name: m.Subnet.Name, Why: m.Why}
		if m.Block.IsValid() {
			x.Block = m.Block.String()
			snapshot.Blocks = append(snapshot.Blocks[:len(snapshot.Blocks):len(snapshot.Blocks)], m.Block)
		}
		made := cloud.Subnet{Name: m.Subnet.Name, Made: m.Subnet.Name, Zone: zone, Primary: m.Subnet.Prefix}
		snapshot.Subnets = append(snapshot.Subnets[:len(snapshot.Subnets):len(snapshot.Subnets)], made)
		snapshot.Occupied = append(snapshot.Occupied[:len(snapshot.Occupied):len(snapshot.Occupied)],
			cloud.Occupied{Prefix: made.Primary, Kind: cloud.SubnetPrimary, Name: zone + "/" + made.Name})
		out = append(out, x)
	}
	return out, nil
}

func (x Space) print(p *show.Printer) {
	if x.Block != "" {
		fmt.Fprintf(p, "  associate %s with the VPC\n", p.Bold(x.Block))
	}
	fmt.Fprintf(p, "  create subnet %s in zone %s as %s, and carve a range in it\n", p.Bold(x.CIDR), x.Zone, x.Name)
	fmt.Fprintf(p, "    why    %s\n", x.Why)
}
