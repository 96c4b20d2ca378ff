// Package golden holds what tests print against files that are kept beside
// them, so that a change of it is seen, and read, as a change of the file.
package golden

import (
	"os"
	"testing"
)

// writeEnv makes Check write the files anew; make golden sets it.
const writeEnv = "WRITE_GOLDEN"

// Check fails the test where got is not what the file holds, or writes it there.
func Check(t testing.TB, file, got string) {
	t.Helper()
	if os.Getenv(writeEnv) != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s; where that is right, make golden writes it anew. Got:\n%s", file, got)
	}
}
