package pool

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

var (
	// ErrNotRestored is Allocate before Restored: what is in use is not all known yet.
	ErrNotRestored = errors.New("the pool is not restored yet; wait until all that is in use has been read")

	// ErrOrphan is wrapped by Occupy's error for a prefix that is recorded, but is not inside one parent.
	ErrOrphan = errors.New("recorded as an orphan: it is not inside the pool's space; it stays with its owner and is never given out")

	// ErrNoOwner is an operation in the name of owner 0.
	ErrNoOwner = errors.New("owner 0 is no owner")

	// ErrTooLarge is an operation for which the pool's tables have no room: beyond 67 million prefixes, or beyond
	// 4 million chunks of the free index (each is 512 neighbouring blocks, or a lone one in a sparse IPv6 parent).
	ErrTooLarge = errors.New("the pool's tables are full; use several pools")
)

// ConflictError reports that a prefix overlaps one that is in use.
type ConflictError struct {
	Prefix netip.Prefix // asked for
	With   netip.Prefix // in use
	Owner  Owner        // of With
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("prefix %s overlaps %s, which owner %d holds", e.Prefix, e.With, e.Owner)
}

// NotHeldError reports that the one who gives a prefix back does not hold it.
type NotHeldError struct {
	Prefix netip.Prefix
	Owner  Owner // who gives it back
	Holder Owner // who holds exactly this prefix; 0 where nobody does
}

func (e *NotHeldError) Error() string {
	if e.Holder == 0 {
		return fmt.Sprintf("prefix %s is not held by owner %d, nor by anyone else", e.Prefix, e.Owner)
	}
	return fmt.Sprintf("prefix %s is not held by owner %d, but by owner %d", e.Prefix, e.Owner, e.Holder)
}

// ExhaustedError reports that no free aligned block is large enough.
type ExhaustedError struct {
	Asked       int          // prefix length
	Free        prefix.Count // addresses that are free, in blocks too small
	LargestFree int          // prefix length of the largest free block; -1 where nothing is free
	Resting     prefix.Count // addresses in quarantine, which will be free later
	NextFree    time.Time    // when the first of these will be; the zero time where none rests
}

func (e *ExhaustedError) Error() string {
	if e.LargestFree < 0 {
		return fmt.Sprintf("no free /%d: nothing is free, %s addresses are quarantined; add a range or release some", e.Asked, e.Resting)
	}
	return fmt.Sprintf("no free /%d: %s addresses are free, the largest free block is a /%d, %s addresses are quarantined; add a range or release some",
		e.Asked, e.Free, e.LargestFree, e.Resting)
}

// SizeError reports that a prefix length does not exist in the pool's family.
type SizeError struct{ Asked, Width int }

func (e *SizeError) Error() string {
	if e.Width == 0 {
		return fmt.Sprintf("no free /%d: the pool has no parents yet", e.Asked)
	}
	return fmt.Sprintf("a prefix length of %d is not between 0 and %d", e.Asked, e.Width)
}
