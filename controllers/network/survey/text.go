package survey

import (
	"fmt"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// CannotSee says of one thing that it cannot be read, why, and what to do.
func CannotSee(u cloud.Unseen) string { return fmt.Sprintf("%s cannot be read (%v)", u.What, u.Err) }

// LeadAround says of routes that they take nothing of the supernets.
func LeadAround(routes []cloud.Occupied) string {
	var texts []string
	for _, o := range routes {
		texts = append(texts, fmt.Sprintf("%s, learned by %s", o.Prefix, o.Name))
	}
	return fmt.Sprintf("routes that contain whole supernets do not count as use of them (%s): carved ranges are more specific and take precedence, so add to reserved what is in use behind these routes", conditions.List(texts, conditions.Few))
}
