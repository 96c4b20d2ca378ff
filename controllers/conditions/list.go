package conditions

import (
	"fmt"
	"strings"
)

// Few is how many objects a text names where there may be many.
const Few = 5

// List names the first few of many: "a, b, c, d, e and 7 more".
func List[T any](items []T, most int) string {
	var b strings.Builder
	for i, item := range items[:min(len(items), most)] {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, item)
	}
	if more := len(items) - most; more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	return b.String()
}
