package survey

import (
	"fmt"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/assign"
)

// Reserved is a reserved block that lies over what a request was granted.
type Reserved struct {
	assign.Reserved
	Request string
}

func (r Reserved) String() string {
	return fmt.Sprintf("%s over RangeRequest %s", r.Reserved, r.Request)
}

// reservedInUse returns the blocks of this Network's that lie over anybody's
// ranges, and those of the VPC's other Networks that lie over its ranges.
func reservedInUse(n *v1alpha1.Network, around Around) (out []Reserved) {
	mine, theirs := assign.ReservedBy(*n), assign.ReservedBy(around.Beside...)
	beside := map[string]bool{}
	for i := range around.Beside {
		beside[around.Beside[i].Name] = true
	}
	for i := range around.Requests {
		r := &around.Requests[i]
		var over []assign.Reserved
		switch {
		case r.NetworkName() == n.Name:
			over = append(assign.ReservedOver(mine, r), assign.ReservedOver(theirs, r)...)
		case beside[r.NetworkName()]:
			over = assign.ReservedOver(mine, r)
		}
		for _, b := range over {
			out = append(out, Reserved{b, r.Name})
		}
	}
	return out
}
