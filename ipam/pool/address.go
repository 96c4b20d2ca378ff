package pool

import (
	"encoding/binary"
	"net/netip"
)

// addr is an address as a 128-bit number whose most significant bit is bit 0. An IPv4 address sits in the first
// 32 bits, so that for both families the block of length b that contains an address is told by its first b bits.
type addr struct{ hi, lo uint64 }

func addrOf(a netip.Addr) addr {
	if a.Is4() {
		b := a.As4()
		return addr{hi: uint64(binary.BigEndian.Uint32(b[:])) << 32}
	}
	b := a.As16()
	return addr{hi: binary.BigEndian.Uint64(b[:8]), lo: binary.BigEndian.Uint64(b[8:])}
}

// prefix is the inverse of addrOf.
func (a addr) prefix(width uint8, bits uint) netip.Prefix {
	if width == 32 {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(a.hi>>32))
		return netip.PrefixFrom(netip.AddrFrom4(b), int(bits))
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
	return netip.PrefixFrom(netip.AddrFrom16(b), int(bits))
}

// mask keeps the first n bits. A shift by 64 or more gives 0 in Go, which is what the edges need.
func (a addr) mask(n uint) addr {
	if n <= 64 {
		return addr{hi: a.hi &^ (^uint64(0) >> n)}
	}
	return addr{hi: a.hi, lo: a.lo &^ (^uint64(0) >> (n - 64))}
}

// bit is bit i: the side on which a block of length i+1 lies under its parent, 0 for the lower half.
func (a addr) bit(i uint) uint32 {
	if i < 64 {
		return uint32(a.hi>>(63-i)) & 1
	}
	return uint32(a.lo>>(127-i)) & 1
}

// with sets bit i to side.
func (a addr) with(i uint, side uint32) addr {
	if i < 64 {
		m := uint64(1) << (63 - i)
		a.hi = a.hi&^m | uint64(side)<<(63-i)
		return a
	}
	m := uint64(1) << (127 - i)
	a.lo = a.lo&^m | uint64(side)<<(127-i)
	return a
}

// place splits the first n bits of an address, which tell a block of length n, into the key of its chunk and its
// number in the chunk, which is the last blockBits of them.
func (a addr) place(n uint) (key addr, block uint32) {
	if n <= 64 {
		v := a.hi >> (64 - n)
		return addr{hi: v >> blockBits << blockBits << (64 - n)}, uint32(v) & blockMask
	}
	s := 128 - n
	return a.mask(n - blockBits), uint32(a.hi<<(64-s)|a.lo>>s) & blockMask
}

// unplace is the inverse of place: the address of a block of length n.
func (a addr) unplace(n uint, block uint32) addr {
	if n <= 64 {
		a.hi |= uint64(block) << (64 - n)
		return a
	}
	s := 128 - n
	a.hi |= uint64(block) >> (64 - s)
	a.lo |= uint64(block) << s
	return a
}

func (a addr) less(b addr) bool {
	return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo
}
