package fabric

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Plan is what the kernel is to be told. It is pure text, so that it prints.
type Plan struct {
	// Rules are for `nft -f`. They replace what was there at once and keep the
	// counters.
	Rules string
	// Ways are routes and policy rules: what each is, as `ip` names it, and how
	// it goes on.
	Ways map[string]string
	// Guests are routes inside the machines, by instance, as the clouds' guest
	// agents set them: the addresses of passthrough balancers are local.
	Guests map[string]map[string]string
}

// changes are the lines of `ip` that lead from one state to another: what goes,
// and what comes or goes on otherwise.
func changes(was, want map[string]string) (del, set []string) {
	for _, key := range slices.Sorted(maps.Keys(was)) {
		if _, ok := want[key]; !ok {
			object, rest, _ := strings.Cut(key, " ")
			del = append(del, object+" del "+rest)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if how, ok := was[key]; ok && how == want[key] {
			continue
		}
		object, rest, _ := strings.Cut(key, " ")
		verb := " replace "
		if object == "rule" {
			verb = " add "
		}
		set = append(set, strings.TrimSpace(object+verb+rest+" "+want[key]))
	}
	return del, set
}

// String is the plan as golden files have it.
func (p Plan) String() string {
	var out strings.Builder
	_, set := changes(nil, p.Ways)
	fmt.Fprintf(&out, "# ip\n%s\n", strings.Join(set, "\n"))
	for _, instance := range slices.Sorted(maps.Keys(p.Guests)) {
		_, set := changes(nil, p.Guests[instance])
		fmt.Fprintf(&out, "\n# ip, in %s\n%s\n", instance, strings.Join(set, "\n"))
	}
	fmt.Fprintf(&out, "\n# nft\n%s", p.Rules)
	return out.String()
}
