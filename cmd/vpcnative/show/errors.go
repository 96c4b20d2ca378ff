package show

import (
	"errors"
	"strings"

	"github.com/hashicorp/go-multierror"
)

// Errors is one error as it is, and several in a line each.
func Errors(err error) string {
	all, ok := errors.AsType[*multierror.Error](err)
	if !ok || err != error(all) {
		return err.Error()
	}
	var lines []string
	for _, e := range all.Errors {
		lines = append(lines, e.Error())
	}
	if len(lines) == 1 {
		return lines[0]
	}
	return "\n  " + strings.Join(lines, "\n  ")
}
