package prefix

import (
	"fmt"
	"net/netip"
)

// Problem reports what is wrong with a prefix.
type Problem int

// The problems that Check and Parse find.
const (
	Malformed   Problem = iota + 1 // no prefix at all
	HostBits                       // bits set beyond the length, as in 10.0.0.1/24
	Mapped                         // IPv4 in IPv6 clothes, as in ::ffff:10.0.0.0/120
	WrongFamily                    // IPv6 where IPv4 is wanted, or the other way round
)

// Error is a prefix that cannot be used, with the reason and the remedy in words.
type Error struct {
	Prefix  string
	Problem Problem
	Detail  string
}

func (e *Error) Error() string { return fmt.Sprintf("prefix %q: %s", e.Prefix, e.Detail) }

// Family is an address family; the zero value stands for either.
type Family int

// The families, by the number that Kubernetes and the clouds write after "IPv".
const (
	IPv4 Family = 4
	IPv6 Family = 6
)

func (f Family) String() string {
	switch f {
	case IPv4, IPv6:
		return fmt.Sprintf("IPv%d", int(f))
	}
	return "any family"
}

// Width is the number of bits of an address, 0 for an unknown family.
func (f Family) Width() int {
	switch f {
	case IPv4:
		return 32
	case IPv6:
		return 128
	}
	return 0
}

// FamilyOf is the family of a valid prefix.
func FamilyOf(p netip.Prefix) Family {
	if p.Addr().Is4() {
		return IPv4
	}
	return IPv6
}

// Check reports whether p is canonical and of the family (any, where that is 0). Its error is an *Error.
func Check(p netip.Prefix, family Family) error {
	switch {
	case !p.IsValid():
		return &Error{p.String(), Malformed, "it is not a valid prefix; write it as address/length, for example 10.0.0.0/16"}
	case p.Addr().Is4In6():
		return &Error{p.String(), Mapped, fmt.Sprintf("it is an IPv4 prefix written as IPv6%s", unmapped(p))}
	case p != p.Masked():
		return &Error{p.String(), HostBits, fmt.Sprintf("it has bits set beyond its length; did you mean %s?", p.Masked())}
	case family != 0 && FamilyOf(p) != family:
		return &Error{p.String(), WrongFamily, fmt.Sprintf("it is %s where %s is wanted", FamilyOf(p), family)}
	}
	return nil
}

func unmapped(p netip.Prefix) string {
	if p.Bits() < 96 {
		return "; write it as IPv4"
	}
	return fmt.Sprintf("; write %s", netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96).Masked())
}

// Parse reads and checks a prefix. Its error is an *Error.
func Parse(s string, family Family) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, &Error{s, Malformed, "it is not a valid prefix; write it as address/length, for example 10.0.0.0/16"}
	}
	if err := Check(p, family); err != nil {
		return netip.Prefix{}, err
	}
	return p, nil
}
