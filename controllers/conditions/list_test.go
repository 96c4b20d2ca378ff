package conditions

import "testing"

func TestListNamesTheFirstFew(t *testing.T) {
	t.Parallel()
	names := []string{"a", "b", "c", "d", "e", "f", "g"}
	for n, want := range map[int]string{0: "", 1: "a", 5: "a, b, c, d, e", 7: "a, b, c, d, e and 2 more"} {
		if got := List(names[:n], Few); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
