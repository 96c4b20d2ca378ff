package build

import (
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// Effect is what becomes of an annotation.
type Effect string

// The effects.
const (
	// Followed: it does what it says.
	Followed Effect = "followed"
	// Silent: there is nothing to do about it; it is how things are anyway, or
	// it is for another controller.
	Silent Effect = "no effect"
	// Ignored: it is not done, and an Event says so.
	Ignored Effect = "ignored, with an Event"
	// Refused: it is not done, and without it the balancer would be another
	// than its owner relies on.
	Refused Effect = "refused"
)

// Annotation is one that is understood.
type Annotation struct {
	Key string
	// Cloud is the only one that it means something on; any where it is empty.
	Cloud string
	// Values and Meaning are for people.
	Values, Meaning string
	Effect          Effect

	follow func(m *maker, value string) error
}

// Prefixes are those under which every annotation is understood, or told of.
var Prefixes = []string{
	ownPrefix,
	"networking.gke.io/",
	"cloud.google.com/",
	"service.beta.kubernetes.io/aws-load-balancer-",
	"service.kubernetes.io/aws-load-balancer-",
	"service.beta.kubernetes.io/load-balancer-",
	"service.kubernetes.io/load-balancer-",
}

// ownPrefix begins our own annotations. They are ours alone to know, so one that
// is not known is a slip, or newer than this manager: either way something was
// asked for that would not be done.
const ownPrefix = "vpcnative.dev/"

// awsPrefix and awsShort begin the same annotations: the AWS Load Balancer
// Controller knows both.
const (
	awsPrefix   = "service.beta.kubernetes.io/"
	awsShort    = "service.kubernetes.io/"
	awsBalancer = "aws-load-balancer-"
)

// Find returns the table's entry for a key.
func Find(key string) (Annotation, bool) {
	if rest, ok := strings.CutPrefix(key, awsShort); ok && (strings.HasPrefix(rest, awsBalancer) || strings.HasPrefix(rest, "load-balancer-")) {
		key = awsPrefix + rest
	}
	at := slices.IndexFunc(Annotations, func(a Annotation) bool {
		return a.Key == key || strings.HasSuffix(a.Key, "*") && strings.HasPrefix(key, strings.TrimSuffix(a.Key, "*"))
	})
	if at < 0 {
		return Annotation{}, false
	}
	return Annotations[at], true
}

// Claimed reports whether we answer for every annotation of such a key.
func Claimed(key string) bool {
	return slices.ContainsFunc(Prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
}

// annotations follows those of the Service, the last of the table first, so
// that of two about one thing the earlier one wins.
func (m *maker) annotations() {
	for i := len(Annotations) - 1; i >= 0; i-- {
		a := Annotations[i]
		for _, key := range m.keysOf(a) {
			m.follow(a, key, strings.TrimSpace(m.service.Annotations[key]))
		}
	}
	for key := range m.service.Annotations {
		_, known := Find(key)
		switch {
		case known:
		case strings.HasPrefix(key, ownPrefix):
			m.refuse(v1alpha1.ReasonAnnotationUnknown, "annotation %s is unknown to this version; correct or remove it (docs/services.md lists those that are supported)", key)
		case Claimed(key):
			m.note(v1alpha1.ReasonAnnotationUnknown, "annotation %s has no effect: it is unknown (docs/services.md lists those that are supported)", key)
		}
	}
}

// keysOf are the Service's annotations that the entry is about, in order.
func (m *maker) keysOf(a Annotation) (out []string) {
	for key := range m.service.Annotations {
		if found, ok := Find(key); ok && found.Key == a.Key {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	slices.Reverse(out) // service.beta.kubernetes.io wins
	return out
}

func (m *maker) follow(a Annotation, key, value string) {
	if a.Cloud != "" && a.Cloud != m.in.Cloud && a.Effect != Silent {
		m.note(v1alpha1.ReasonAnnotationIgnored, "annotation %s has no effect: it is for %s, and this cluster runs on %s", key, clouds[a.Cloud], clouds[m.in.Cloud])
		return
	}
	switch a.Effect {
	case Ignored:
		m.note(v1alpha1.ReasonAnnotationIgnored, "annotation %s is ignored: %s", key, a.Meaning)
	case Refused:
		m.refuse(v1alpha1.ReasonAnnotationUnsupported, "annotation %s is not supported: %s", key, a.Meaning)
	}
	if a.follow == nil {
		return
	}
	if err := a.follow(m, value); err != nil {
		m.refuse(v1alpha1.ReasonInvalidAnnotation, "annotation %s=%q: %v", key, value, err)
	}
}

var clouds = map[string]string{"gcp": "Google Cloud", "aws": "AWS"}
