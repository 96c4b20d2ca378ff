package brake

import (
	"fmt"
	"strings"
	"testing"
)

func TestDecide(t *testing.T) {
	for _, c := range []struct {
		name         string
		living, gone int
		held         bool
		confirmed    int
		want, spent  bool
	}{
		{name: "nothing is gone", living: 40},
		{name: "few may vanish, even if they are all", gone: 5},
		{name: "six of six", gone: 6, want: true},
		{name: "six of fifty-nine are more than a tenth", living: 53, gone: 6, want: true},
		{name: "six of sixty are a tenth", living: 54, gone: 6},
		{name: "a tenth of many", living: 900, gone: 100},
		{name: "one more than a tenth of many", living: 899, gone: 101, want: true},
		{name: "a person confirmed them", gone: 12, confirmed: 12},
		{name: "half of the confirmed ones are removed, and a manager starts", gone: 7, confirmed: 12},
		{name: "more vanished than were confirmed", gone: 13, confirmed: 12, want: true},
		{name: "what was held stays so while owners come back", living: 50, gone: 2, held: true, want: true},
		{name: "what was held, when the last owner is back", living: 52, held: true},
		{name: "what was held and is confirmed", living: 50, gone: 2, held: true, confirmed: 2},
		{name: "the last confirmed one is removed", living: 3, confirmed: 12, spent: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			count := Count{Kind: "Service", Living: c.living}
			for i := range c.gone {
				count.Gone = append(count.Gone, fmt.Sprintf("ns/s%02d", i))
			}
			got := Decide(count, c.held, c.confirmed)
			if got.Held != c.want || got.Spent != c.spent || (got.Why != "") != c.want {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestTheTextSaysWhoIsGoneAndWhatToDo(t *testing.T) {
	got := Decide(Count{Kind: "Service", Living: 3, Gone: []string{"x/g", "x/f", "x/e", "x/d", "x/c", "x/b", "x/a"}}, false, 0).Why
	for _, want := range []string{"7 of 10 Services", "x/a, x/b, x/c, x/d, x/e and 2 more", "confirm-removal.vpcnative.dev/Service=7"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q does not say %q", got, want)
		}
	}
}

func TestConfirmed(t *testing.T) {
	key := Annotation("Service")
	for _, c := range []struct {
		want        int
		annotations []map[string]string
	}{
		{want: 0},
		{want: 0, annotations: []map[string]string{nil, {Annotation("RangeRequest"): "9"}}},
		{want: 0, annotations: []map[string]string{{key: "all"}}},
		{want: 0, annotations: []map[string]string{{key: "-3"}}},
		{want: 12, annotations: []map[string]string{{key: "7"}, {key: "12"}, {}}},
	} {
		if got := Confirmed("Service", c.annotations...); got != c.want {
			t.Errorf("%v: got %d, want %d", c.annotations, got, c.want)
		}
	}
}
