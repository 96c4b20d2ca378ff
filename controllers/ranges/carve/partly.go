package carve

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// unserved is a subnet in which the request cannot have what it asks for.
type unserved struct {
	subnet string
	*conditions.Refusal
}

// partly sums up why subnets are left: as the one reason where none is served,
// else as a request that is granted in part.
func partly(left []unserved, all int) *conditions.Refusal {
	switch {
	case len(left) == 0:
		return nil
	case len(left) == all:
		return left[0].Refusal
	}
	var why []string
	again := time.Duration(0)
	for _, x := range left {
		why = append(why, fmt.Sprintf("subnet %s has none (%s): %s", x.subnet, x.Reason, x.Text))
		if its := cmp.Or(x.Again, RetryLater); again == 0 || its < again {
			again = its
		}
	}
	return &conditions.Refusal{Reason: v1alpha1.ReasonPartlyGranted, Again: again,
		Text: fmt.Sprintf("%d of %d subnets have their ranges and serve their nodes; %s; "+
			"request less there in subnetSizes, or exclude the subnet by listing the others in subnets", all-len(left), all, strings.Join(why, "; "))}
}

func statusOf(left []unserved) (out []v1alpha1.UnservedSubnet) {
	for _, x := range left {
		out = append(out, v1alpha1.UnservedSubnet{Name: x.subnet, Reason: x.Reason, Message: x.Text})
	}
	return out
}
