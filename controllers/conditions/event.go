package conditions

import (
	"fmt"
	"hash/fnv"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
)

// What the API server takes, in bytes: of a condition's message, and of an
// Event's note. It refuses what is longer, and nobody hears of it.
const (
	MaxMessage = 32768
	MaxNote    = 1024
)

// Clip cuts a text to at most so many bytes.
func Clip(text string, most int) string {
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

// Recorder cuts the notes of Events to what the API server takes. The whole
// text is in the condition.
type Recorder struct{ events.EventRecorder }

// Eventf makes an Event.
func (r Recorder) Eventf(regarding, related runtime.Object, eventtype, reason, action, note string, args ...any) {
	r.EventRecorder.Eventf(regarding, related, eventtype, reason, action, "%s", Clip(fmt.Sprintf(note, args...), MaxNote))
}

// EventType is that of the refusal's Event.
func (r *Refusal) EventType() string {
	if r.Quiet {
		return corev1.EventTypeNormal
	}
	return corev1.EventTypeWarning
}

// RelatedText is a related object for an Event about an object that is not
// written meanwhile: the API takes two Events of one reason about one version
// of one object for the same again, and drops the second one's text.
func RelatedText(text string) *corev1.ObjectReference {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	return &corev1.ObjectReference{Kind: "Text", Name: fmt.Sprintf("%x", h.Sum64())}
}
