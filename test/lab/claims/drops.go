package claims

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Drops runs a command "PLACE COMMAND" of a world and prints which packets were
// dropped meanwhile, by NIC and reason. What the command itself prints comes
// before that, unless it fails.
func Drops(ctx context.Context, w World, dropped func() map[string]int, command string) (string, error) {
	in, run, ok := strings.Cut(command, " ")
	if !ok {
		return "", fmt.Errorf("drops %s: it takes a place and a command", command)
	}
	before := dropped()
	said, err := w.Run(ctx, in, run)
	var lines []string
	if err == nil {
		lines = append(lines, strings.TrimSpace(said))
	}
	after := dropped()
	for _, key := range slices.Sorted(maps.Keys(after)) {
		if n := after[key] - before[key]; n > 0 {
			lines = append(lines, fmt.Sprintf("%s: %d", key, n))
		}
	}
	return strings.Join(lines, "\n"), nil
}
