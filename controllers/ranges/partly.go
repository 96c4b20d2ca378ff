package ranges

import (
	"fmt"
	"strings"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// Unserved is a subnet in which the request cannot have what it asks for, and
// why.
type Unserved struct {
	Subnet string
	Refusal
}

// partly sums up why subnets are left: as the one reason where none is served,
// else as a request that is granted in part.
func partly(left []Unserved, all int) *Refusal {
	switch {
	case len(left) == 0:
		return nil
	case len(left) == all:
		no := left[0].Refusal
		no.Unserved = left
		return &no
	}
	var why []string
	again := left[0].Again
	for _, x := range left {
		why = append(why, fmt.Sprintf("subnet %s has none (%s): %s", x.Subnet, x.Reason, x.Text))
		again = min(again, x.Again)
	}
	return &Refusal{Reason: v1alpha1.ReasonPartlyGranted, Again: again, Unserved: left,
		Text: fmt.Sprintf("%d of %d subnets have what was asked for, and their nodes get ranges; %s; "+
			"ask for less there in subnetSizes, or leave the subnet out by naming the others in subnets", all-len(left), all, strings.Join(why, "; "))}
}

// tellUnserved notes in the status where the request is not served.
func tellUnserved(r *v1alpha1.RangeRequest, no *Refusal) {
	r.Status.Subnets = nil
	if no == nil {
		return
	}
	for _, x := range no.Unserved {
		r.Status.Subnets = append(r.Status.Subnets, v1alpha1.UnservedSubnet{Name: x.Subnet, Reason: x.Reason, Message: x.Text})
	}
}

// sizeIn is the size that the request says for one subnet; 0 is none.
func (in Input) sizeIn(s cloud.Subnet) int {
	for _, x := range in.Request.Spec.SubnetSizes {
		if x.Name == s.Name {
			return int(x.PrefixLength)
		}
	}
	return 0
}
