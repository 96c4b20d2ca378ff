package main

import (
	"fmt"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
)

// maxNote is what the API server takes of an Event's note, in bytes: a longer
// one it refuses, and nobody hears of it.
const maxNote = 1024

// brief is a recorder whose notes are cut to what the API server takes. The
// whole text is in the condition.
type brief struct{ events.EventRecorder }

func (b brief) Eventf(regarding, related runtime.Object, eventtype, reason, action, note string, args ...any) {
	b.EventRecorder.Eventf(regarding, related, eventtype, reason, action, "%s", clip(fmt.Sprintf(note, args...), maxNote))
}

func clip(text string, most int) string {
	const more = "..."
	if len(text) <= most {
		return text
	}
	cut := most - len(more)
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + more
}
