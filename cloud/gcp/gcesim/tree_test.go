package gcesim

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

// The tree agrees with a slice of prefixes on random operations in a space
// small enough to be often full.
func TestTreeAgreesWithASlice(t *testing.T) {
	t.Parallel()
	parent := mustPrefix("10.0.0.0/20")
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 0))
		var tr tree[netip.Prefix]
		var held []netip.Prefix
		for range 2000 {
			bits := 20 + r.IntN(9)
			a := binary.BigEndian.AppendUint32(nil, 10<<24|r.Uint32N(1<<12))
			addr, _ := netip.AddrFromSlice(a)
			p := netip.PrefixFrom(addr, bits).Masked()
			i := slices.IndexFunc(held, p.Overlaps)
			if got, ok := tr.overlap(p); ok != (i >= 0) || ok && !got.Overlaps(p) {
				t.Fatalf("seed %d: overlap of %s: got %v %v, held %v", seed, p, got, ok, held)
			}
			checkFirstFree(t, &tr, held, parent, bits)
			switch {
			case i < 0:
				tr.insert(p, p)
				held = append(held, p)
			case r.IntN(2) == 0:
				tr.remove(held[i])
				held = slices.Delete(held, i, i+1)
			}
		}
		for _, p := range held {
			tr.remove(p)
		}
		if tr.v4 != nil {
			t.Fatalf("seed %d: an empty tree keeps nodes", seed)
		}
	}
}

func checkFirstFree(t *testing.T, tr *tree[netip.Prefix], held []netip.Prefix, parent netip.Prefix, bits int) {
	t.Helper()
	want := netip.Prefix{}
	for at := uint32(10 << 24); at < 10<<24+1<<12; at += 1 << (32 - bits) {
		addr, _ := netip.AddrFromSlice(binary.BigEndian.AppendUint32(nil, at))
		if p := netip.PrefixFrom(addr, bits); !slices.ContainsFunc(held, p.Overlaps) {
			want = p
			break
		}
	}
	if got, ok := tr.firstFree(parent, bits); ok != want.IsValid() || ok && got != want {
		t.Fatalf("first free /%d: got %v %v, want %v, held %v", bits, got, ok, want, held)
	}
}
