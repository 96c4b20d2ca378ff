package ranges

import (
	"fmt"
	"net/netip"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// mostBarred bounds the refused blocks that are remembered.
const mostBarred = 64

// bar notes in the status that the cloud refused a block, and adds to the
// refusal when it is tried again, and what else can be done.
func (c *Controller) bar(r *v1alpha1.RangeRequest, p netip.Prefix, chosen bool, no *conditions.Refusal) {
	x := v1alpha1.RefusedBlock{CIDR: p.String()}
	if at := slices.IndexFunc(r.Status.Refused, func(had v1alpha1.RefusedBlock) bool { return had.CIDR == x.CIDR }); at >= 0 {
		x = r.Status.Refused[at]
		r.Status.Refused = slices.Delete(r.Status.Refused, at, at+1)
	}
	x.Time, x.Count = metav1.NewTime(c.Now()).Rfc3339Copy(), x.Count+1
	if chosen {
		no.Text = fmt.Sprintf("%s; if nothing visible uses the block, it may belong to a network behind a peering: other blocks are tried; add the CIDR in use to the Network's reserved", no.Text)
	}
	x.Message = conditions.Clip(no.Text, 1024)
	r.Status.Refused = append(r.Status.Refused, x)
	r.Status.Refused = r.Status.Refused[max(0, len(r.Status.Refused)-mostBarred):]
	no.Again = carve.PauseAfter(int(x.Count))
	if chosen {
		no.Again = carve.PauseAfter(len(r.Status.Refused)/carveTries + 1)
	}
}
