package v1alpha1

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RenamedSpec has the fields of a RangeRequest under their names before v0.2.
// The schema rejects new objects that use them. Stored ones are read under the
// new names until the manager has rewritten them; if the schema dropped the old
// names at once, a stored networkRef would be pruned, and its request moved to
// the Network default.
type RenamedSpec struct {
	// OldNetworkName is the name of NetworkName before v0.2.
	// +kubebuilder:validation:MaxLength=253
	// +optional
	OldNetworkName string `json:"networkRef,omitempty"`
	// OldIPFamilies is the name of IPFamilies before v0.2.
	// +kubebuilder:validation:MaxItems=2
	// +listType=atomic
	// +optional
	OldIPFamilies []Family `json:"families,omitempty"`
	// OldNewSubnets is the name of NewSubnets before v0.2.
	// +optional
	OldNewSubnets *NewSubnets `json:"newSpace,omitempty"`
}

// RenamedConditions are the types before v0.2 of the conditions
// AllocatorConflict, ReclaimFailed and ReleasePending of a RangeRequest.
var RenamedConditions = []string{"Rivalled", "GiveBackFailed", "ReleaseWaits"}

// UnmarshalJSON decodes a stored spec, with every field under its new name. The
// old ones stay, so that Migrate finds what to remove.
func (s *RangeRequestSpec) UnmarshalJSON(b []byte) error {
	type plain RangeRequestSpec
	s.Unreadable = decode(b, (*plain)(s))
	if s.OldNetworkName != "" {
		s.NetworkName = s.OldNetworkName
	}
	if s.OldIPFamilies != nil {
		s.IPFamilies = s.OldIPFamilies
	}
	if s.OldNewSubnets != nil {
		s.NewSubnets = s.OldNewSubnets
	}
	if s.Growth != nil && s.Growth.OldReclaimAfter != nil {
		s.Growth.ReclaimAfter = s.Growth.OldReclaimAfter
	}
	return nil
}

// UnmarshalJSON decodes a stored status likewise.
func (s *RangeRequestStatus) UnmarshalJSON(b []byte) error {
	type plain RangeRequestStatus
	decode(b, (*plain)(s))
	if s.OldNewSubnets != nil && s.NewSubnets == nil {
		s.NewSubnets = s.OldNewSubnets
	}
	return nil
}

// Renamed reports whether the object is stored with fields or conditions under
// their old names.
func (r *RangeRequest) Renamed() bool {
	old := r.Spec.RenamedSpec
	return old.OldNetworkName != "" || old.OldIPFamilies != nil || old.OldNewSubnets != nil ||
		r.Spec.Growth != nil && r.Spec.Growth.OldReclaimAfter != nil ||
		r.Status.OldNewSubnets != nil ||
		slices.ContainsFunc(r.Status.Conditions, func(c metav1.Condition) bool { return slices.Contains(RenamedConditions, c.Type) })
}

// Migrate removes the old names. The new ones have their values since the object
// was decoded.
func (r *RangeRequest) Migrate() {
	r.Spec.RenamedSpec = RenamedSpec{}
	if r.Spec.Growth != nil {
		r.Spec.Growth.OldReclaimAfter = nil
	}
	r.Status.OldNewSubnets = nil
	r.Status.Conditions = slices.DeleteFunc(r.Status.Conditions, func(c metav1.Condition) bool { return slices.Contains(RenamedConditions, c.Type) })
}
