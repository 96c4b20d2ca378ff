package v1alpha1

import (
	"fmt"
	"time"
)

// Duration is a length of time, such as 90m or 1h30m. It is a string, so that
// decoding never fails: a list is decoded as a whole, and one object with an
// invalid duration would hide all others.
//
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:Pattern=`^(0|([0-9]{1,5}(\.[0-9]{1,9})?(h|m|s|ms)){1,4})$`
type Duration string

// Parse parses it.
func (d Duration) Parse() (time.Duration, error) {
	out, err := time.ParseDuration(string(d))
	if err != nil || out < 0 {
		return 0, fmt.Errorf("invalid duration %q: use hours, minutes and seconds, such as 24h or 1h30m (a day is 24h)", string(d))
	}
	return out, nil
}
