package conditions

import (
	"strings"
	"testing"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
)

func TestNotesOfEventsFit(t *testing.T) {
	t.Parallel()
	for text, whole := range map[string]bool{"": true, "100 % full": true, strings.Repeat("x", 1024): true,
		strings.Repeat("x", 1025): false, strings.Repeat("é", 600): false, "x" + strings.Repeat("é", 600): false} {
		got := events.NewFakeRecorder(1)
		Recorder{got}.Eventf(&corev1.Node{}, nil, corev1.EventTypeWarning, "R", "A", "%s", text)
		note := strings.TrimPrefix(<-got.Events, "Warning R ")
		if whole && note != text {
			t.Errorf("%q became %q", text, note)
		}
		if len(note) > 1024 || !utf8.ValidString(note) || !whole && !strings.HasSuffix(note, "...") {
			t.Errorf("%d bytes became %d, that end in %q", len(text), len(note), note[len(note)-5:])
		}
	}
}
