package prefix

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func pfxs(s ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, x := range s {
		out = append(out, pfx(x))
	}
	return out
}

// table is the slow twin of a set: which of the 256 addresses of 10.0.0.0/24 are in it.
type table [256]bool

func tableOf(ps []netip.Prefix) table {
	var t table
	for _, p := range ps {
		first := int(p.Masked().Addr().As4()[3])
		for i := range 1 << (32 - p.Bits()) {
			t[first+i] = true
		}
	}
	return t
}

// canonical reports whether a set is in its one form.
func canonical(ps []netip.Prefix) bool { return slices.Equal(Normalise(ps), ps) }

// drawn is a set in no particular form.
func drawn(pick func(int) int, n int) []netip.Prefix {
	var out []netip.Prefix
	for range pick(n + 1) {
		bits := 24 + pick(9)
		out = append(out, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(pick(256))}), bits))
	}
	return out
}

// checkSets compares set arithmetic with that of tables.
func checkSets(t *testing.T, a, b []netip.Prefix) {
	t.Helper()
	ta, tb := tableOf(a), tableOf(b)
	var minus, both table
	for i := range ta {
		minus[i] = ta[i] && !tb[i]
		both[i] = ta[i] && tb[i]
	}
	for _, c := range []struct {
		name string
		got  []netip.Prefix
		want table
	}{
		{"normalise", Normalise(a), ta},
		{"subtract", Subtract(a, b), minus},
		{"intersect", Intersect(a, b), both},
	} {
		if tableOf(c.got) != c.want || !canonical(c.got) {
			t.Fatalf("%s of %v and %v: got %v", c.name, a, b, c.got)
		}
	}
	for _, p := range b {
		inside := true
		for _, in := range Subtract([]netip.Prefix{p}, a) {
			inside = inside && !in.IsValid()
		}
		if Within(a, p) != inside {
			t.Fatalf("within %v, %v: got %v", a, p, !inside)
		}
	}
}

// checkCarve compares every step of Carve with a search of the table for the smallest fitting block.
func checkCarve(t *testing.T, parents, occupied []netip.Prefix, length, count int) {
	t.Helper()
	parents = Normalise(parents)
	got, err := Carve(parents, occupied, length, count)
	if err == nil && len(got) != count {
		t.Fatalf("carve %d x /%d: got %v", count, length, got)
	}
	taken := slices.Clone(occupied)
	for i := range count {
		want := netip.Prefix{}
		space := Free(parents, taken)
		for _, f := range space { // ascending, so the first of a length is the lowest
			if f.Bits() <= length && (!want.IsValid() || f.Bits() > want.Bits()) {
				want = f
			}
		}
		if !want.IsValid() {
			var no *NoSpaceError
			if !errors.As(err, &no) || no.Fit != i || no.Free != Total(Free(parents, occupied)) {
				t.Fatalf("carve %d x /%d: only %d fit, got %v, %v", count, length, i, got, err)
			}
			return
		}
		p := netip.PrefixFrom(want.Addr(), length)
		if err == nil && got[i] != p {
			t.Fatalf("carve %d x /%d: number %d: got %s, want %s", count, length, i, got[i], p)
		}
		taken = append(taken, p)
	}
	if err != nil {
		t.Fatalf("carve %d x /%d: all fit, got %v", count, length, err)
	}
}

func TestSetsEqualTables(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 3000 {
		checkSets(t, drawn(r.IntN, 12), drawn(r.IntN, 12))
	}
}

func TestCarveTakesTheSmallestFittingLowest(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for range 2000 {
		checkCarve(t, drawn(r.IntN, 4), drawn(r.IntN, 8), 24+r.IntN(9), 1+r.IntN(5))
	}
}

// reader turns fuzz input into choices; when it is used up, all choices are 0.
type reader []byte

func (r *reader) pick(n int) int {
	if len(*r) == 0 || n < 1 {
		return 0
	}
	v := int((*r)[0])
	*r = (*r)[1:]
	return v % n
}

func FuzzSets(f *testing.F) {
	f.Add([]byte{3, 24, 0, 7, 200, 2, 100, 1, 3, 50})
	f.Fuzz(func(t *testing.T, in []byte) {
		r := reader(in)
		a := drawn(r.pick, 12)
		checkSets(t, a, drawn(r.pick, 12))
	})
}

func FuzzCarve(f *testing.F) {
	f.Add([]byte{1, 0, 0, 2, 6, 64, 5, 160, 3, 2})
	f.Fuzz(func(t *testing.T, in []byte) {
		r := reader(in)
		parents := drawn(r.pick, 4)
		occupied := drawn(r.pick, 8)
		checkCarve(t, parents, occupied, 24+r.pick(9), 1+r.pick(5))
	})
}

func TestFreeKeepsParentsApart(t *testing.T) {
	parents := pfxs("10.0.1.0/24", "10.0.0.0/24")
	if got := Free(parents, nil); !slices.Equal(got, pfxs("10.0.0.0/24", "10.0.1.0/24")) {
		t.Errorf("got %v", got)
	}
	if got := Free(Normalise(parents), nil); !slices.Equal(got, pfxs("10.0.0.0/23")) {
		t.Errorf("normalised: got %v", got)
	}
}

func TestIPv6(t *testing.T) {
	got := Free(pfxs("::/0"), pfxs("fd00::/8"))
	want := pfxs("::/1", "8000::/2", "c000::/3", "e000::/4", "f000::/5", "f800::/6", "fc00::/8", "fe00::/7")
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if n := Total(got).Add(Addresses(pfx("fd00::/8"))); n != Addresses(pfx("::/0")) {
		t.Errorf("got %s addresses in all", n)
	}
	carved, err := Carve(pfxs("fd00::/16"), pfxs("fd00::/127"), 128, 2)
	if err != nil || !slices.Equal(carved, pfxs("fd00::2/128", "fd00::3/128")) {
		t.Errorf("got %v, %v", carved, err)
	}
}

func TestCount(t *testing.T) {
	for _, c := range []struct{ prefix, want string }{
		{"::/0", "340282366920938463463374607431768211456"},
		{"fd00::/48", "1208925819614629174706176"},
		{"fd00::/64", "18446744073709551616"},
		{"fd00::/65", "9223372036854775808"},
		{"::1/128", "1"},
		{"0.0.0.0/0", "4294967296"},
		{"10.0.0.1/32", "1"},
	} {
		n := Addresses(pfx(c.prefix))
		if n.String() != c.want {
			t.Errorf("%s: got %s, want %s", c.prefix, n, c.want)
		}
		if back := n.Add(NewCount(1)).Sub(NewCount(1)); back != n || n.Add(n).Cmp(n) <= 0 || n.Sub(n.Add(n)) != (Count{}) {
			t.Errorf("%s: sums do not add up", c.prefix)
		}
	}
	if got := Addresses(pfx("::/0")).Float64(); got != 0x1p128 {
		t.Errorf("got %g", got)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		text   string
		family Family
		want   Problem
		error  string
	}{
		{"10.0.0.0/8", 0, 0, ""},
		{"10.0.0.0/8", IPv4, 0, ""},
		{"fd00::/8", IPv6, 0, ""},
		{"10.0.0.1/8", IPv4, HostBits, `prefix "10.0.0.1/8": it has bits set beyond its length; did you mean 10.0.0.0/8?`},
		{"10.0.0.0/8", IPv6, WrongFamily, `prefix "10.0.0.0/8": it is IPv4 where IPv6 is wanted`},
		{"::ffff:10.0.0.0/104", 0, Mapped, `prefix "::ffff:10.0.0.0/104": it is an IPv4 prefix written as IPv6; write 10.0.0.0/8`},
		{"10.0.0.0", 0, Malformed, `prefix "10.0.0.0": it is not a valid prefix; write it as address/length, for example 10.0.0.0/16`},
		{"10.0.0.0/33", 0, Malformed, `prefix "10.0.0.0/33": it is not a valid prefix; write it as address/length, for example 10.0.0.0/16`},
		{"", 0, Malformed, `prefix "": it is not a valid prefix; write it as address/length, for example 10.0.0.0/16`},
	} {
		_, err := Parse(c.text, c.family)
		var e *Error
		switch {
		case c.want == 0 && err != nil, c.want != 0 && (!errors.As(err, &e) || e.Problem != c.want || e.Error() != c.error):
			t.Errorf("%q: got %v, want %s", c.text, err, c.error)
		}
	}
}
