package lb

import (
	"errors"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
)

// KindZone is the kind of what stands in a [State] for a zone that did not
// answer; its name is the zone's. It has no owner, so nobody plans on it.
const KindZone = "zone"

// Hole is the error of a Read that returns all but what is in some zones, which
// did not answer. What is known of those from before still holds: it is not to
// be taken for gone, and nothing is removed because nobody seems to use it.
type Hole struct {
	Zones []string
	Err   error
}

// HoleOf reports whether zones are missing in what was read.
func HoleOf(got State, act string) error {
	h := &Hole{}
	for ref := range got {
		if ref.Kind == KindZone {
			h.Zones = append(h.Zones, ref.Name)
		}
	}
	if len(h.Zones) == 0 {
		return nil
	}
	slices.Sort(h.Zones)
	var whys []string
	for _, zone := range h.Zones {
		whys = append(whys, "zone "+zone+" did not answer ("+got[Ref{Kind: KindZone, Name: zone}].Pending+")")
	}
	h.Err = &cloud.Error{Reason: cloud.Unavailable, Act: act, Resource: strings.Join(h.Zones, ", "), Err: errors.New(strings.Join(whys, "; ")),
		Remedy: "nothing is removed before the whole list has been read; it is tried again"}
	return h
}

func (h *Hole) Error() string { return h.Err.Error() }

func (h *Hole) Unwrap() error { return h.Err }

// Covers reports whether the resource may be there though the Read does not show
// it.
func (h *Hole) Covers(ref Ref) bool {
	return h != nil && slices.Contains(h.Zones, ref.Scope)
}
