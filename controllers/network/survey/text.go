package survey

import (
	"fmt"

	"github.com/vpcnative/vpcnative/controllers/conditions"

	"github.com/vpcnative/vpcnative/cloud"
)

// CannotSee says of one thing that it cannot be read, why, and what to do.
func CannotSee(u cloud.Unseen) string { return fmt.Sprintf("%s are not seen (%v)", u.What, u.Err) }

// LeadAround says of routes that they take nothing of the supernets.
func LeadAround(routes []cloud.Occupied) string {
	var texts []string
	for _, o := range routes {
		texts = append(texts, fmt.Sprintf("%s, learned by %s", o.Prefix, o.Name))
	}
	return fmt.Sprintf("routes that enclose whole supernets count as where the rest goes, and as no use of them (%s): what is carved goes before them, so put what is in use behind them into reserved", conditions.List(texts, conditions.Few))
}
