package prefix

import (
	"math"
	"math/big"
	"math/bits"
	"net/netip"
)

// Count is a number of addresses. IPv6 has 2^128 of them, one more than fits in 128 bits, so a Count has 192:
// sums of any realistic number of prefixes cannot overflow. The zero value is 0.
type Count struct{ w [3]uint64 } // least significant word first

// NewCount is n as a Count.
func NewCount(n uint64) Count { return Count{[3]uint64{n}} }

// Addresses is the number of addresses in a prefix, 0 for an invalid one.
func Addresses(p netip.Prefix) Count {
	if !p.IsValid() {
		return Count{}
	}
	return Blocks(1, p.Addr().BitLen(), p.Bits())
}

// Blocks is the number of addresses in n blocks of one prefix length, where an address has width bits (32, 128).
func Blocks(n uint64, width, length int) Count {
	var c Count
	s := uint(width - length)
	i, r := s/64, s%64
	c.w[i] = n << r
	if i < 2 {
		c.w[i+1] = n >> (64 - r)
	}
	return c
}

// Total is the number of addresses in all prefixes together, counting twice what is in two of them.
func Total(ps []netip.Prefix) Count {
	var sum Count
	for _, p := range ps {
		sum = sum.Add(Addresses(p))
	}
	return sum
}

// Add is c + d.
func (c Count) Add(d Count) Count {
	var carry uint64
	for i := range c.w {
		c.w[i], carry = bits.Add64(c.w[i], d.w[i], carry)
	}
	return c
}

// Sub is c - d, and 0 where d is larger.
func (c Count) Sub(d Count) Count {
	var borrow uint64
	for i := range c.w {
		c.w[i], borrow = bits.Sub64(c.w[i], d.w[i], borrow)
	}
	if borrow != 0 {
		return Count{}
	}
	return c
}

// Cmp is negative where c < d, positive where c > d, and else 0.
func (c Count) Cmp(d Count) int {
	for i := 2; i >= 0; i-- {
		if c.w[i] != d.w[i] {
			if c.w[i] < d.w[i] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// IsZero reports whether c is 0.
func (c Count) IsZero() bool { return c == Count{} }

// Uint64 is c, or the largest uint64 where c does not fit.
func (c Count) Uint64() uint64 {
	if c.w[1]|c.w[2] != 0 {
		return math.MaxUint64
	}
	return c.w[0]
}

// Float64 is the nearest float, for ratios and metrics.
func (c Count) Float64() float64 {
	return float64(c.w[0]) + math.Ldexp(float64(c.w[1]), 64) + math.Ldexp(float64(c.w[2]), 128)
}

// String is the number in decimal.
func (c Count) String() string {
	n := new(big.Int)
	for i := 2; i >= 0; i-- {
		n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(c.w[i]))
	}
	return n.String()
}
