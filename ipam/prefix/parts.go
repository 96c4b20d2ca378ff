package prefix

import (
	"fmt"
	"net/netip"
	"strings"
	"unique"
)

// Parts are a few prefixes in the room of a pointer, for what most have none
// of. They compare with ==; the zero value is none.
type Parts struct{ text unique.Handle[string] }

// PartsOf returns the fewest prefixes that hold the same addresses.
func PartsOf(list ...netip.Prefix) Parts {
	var words []string
	for _, p := range Normalise(list) {
		words = append(words, p.String())
	}
	if len(words) == 0 {
		return Parts{}
	}
	return Parts{unique.Make(strings.Join(words, " "))}
}

// IsZero reports whether there are none.
func (p Parts) IsZero() bool { return p == Parts{} }

func (p Parts) String() string {
	if p.IsZero() {
		return ""
	}
	return p.text.Value()
}

// List returns them in order.
func (p Parts) List() []netip.Prefix {
	var out []netip.Prefix
	for _, word := range strings.Fields(p.String()) {
		out = append(out, netip.MustParsePrefix(word)) // as PartsOf wrote it
	}
	return out
}

// MarshalText writes them with blanks between them.
func (p Parts) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText wrote. Prefixes with host bits are
// refused, as are IPv4 ones in IPv6.
func (p *Parts) UnmarshalText(text []byte) error {
	var list []netip.Prefix
	for _, word := range strings.Fields(string(text)) {
		q, err := netip.ParsePrefix(word)
		if err != nil {
			return err
		}
		if q != q.Masked() || q.Addr().Is4In6() {
			return fmt.Errorf("%s is not the canonical form of a prefix", q)
		}
		list = append(list, q)
	}
	*p = PartsOf(list...)
	return nil
}
