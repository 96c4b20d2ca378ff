package informer

import (
	"google.golang.org/protobuf/encoding/protowire"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// rule says what is kept of one field of a message: all of it, where neither
// is set.
type rule struct {
	within fields            // of the message in the field, these
	only   func([]byte) bool // of a repeated field, those
}

// fields are the fields that are kept of a message, by number.
type fields map[protowire.Number]rule

var (
	all = rule{}

	// The numbers are those of k8s.io/api/core/v1/generated.proto and of
	// apimachinery's meta/v1 and runtime.
	nodeFields = fields{
		1: {within: fields{
			1:  all, // name
			5:  all, // uid
			6:  all, // resourceVersion
			8:  all, // creationTimestamp
			9:  all, // deletionTimestamp
			11: all, // labels
			// The one annotation that a watch's own bookmarks carry.
			12: {only: first(metav1.InitialEventsAnnotationKey)},
		}},
		2: {within: fields{
			1: all,                             // podCIDR
			3: all,                             // providerID
			5: {only: first(TaintToBeDeleted)}, // taints
			7: all,                             // podCIDRs
		}},
		3: {within: fields{
			1: {only: first(string(corev1.ResourcePods))}, // capacity
			4: {only: conditions},
			5: {only: first(string(corev1.NodeInternalIP))}, // addresses
		}},
	}
	listFields = fields{1: all, 2: {within: nodeFields}}
	// Of the envelope: type, content, encoding and media type.
	envelopes = map[string]fields{
		"Node":     {1: all, 2: {within: nodeFields}, 3: all, 4: all},
		"NodeList": {1: all, 2: {within: listFields}, 3: all, 4: all},
	}
)

// first keeps the messages whose first field is this text: a map's entry of
// that key.
func first(word string) func([]byte) bool {
	return func(message []byte) bool {
		text, ok := textIn(message, 1)
		return ok && string(text) == word
	}
}

// conditions keeps those that TrimNode keeps.
func conditions(message []byte) bool {
	kind, _ := textIn(message, 1)
	return keepsCondition(corev1.NodeConditionType(kind))
}

// textIn returns the bytes of the first field of that number.
func textIn(message []byte, number protowire.Number) ([]byte, bool) {
	for len(message) > 0 {
		num, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return nil, false
		}
		size := protowire.ConsumeFieldValue(num, kind, message[n:])
		if size < 0 {
			return nil, false
		}
		if num == number && kind == protowire.BytesType {
			text, _ := protowire.ConsumeBytes(message[n:])
			return text, true
		}
		message = message[n+size:]
	}
	return nil, false
}

// strip appends to dst what is kept of a message. False means that it is not
// well formed.
func strip(dst, message []byte, keep fields) ([]byte, bool) {
	for len(message) > 0 {
		num, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return dst, false
		}
		size := protowire.ConsumeFieldValue(num, kind, message[n:])
		if size < 0 {
			return dst, false
		}
		field, value := message[:n+size], message[n:n+size]
		message = message[n+size:]
		r, ok := keep[num]
		if !ok {
			continue
		}
		if kind != protowire.BytesType || r.within == nil && r.only == nil {
			dst = append(dst, field...)
			continue
		}
		content, _ := protowire.ConsumeBytes(value)
		if r.only != nil {
			if r.only(content) {
				dst = append(dst, field...)
			}
			continue
		}
		dst = append(dst, field[:n]...)
		if dst, ok = nested(dst, content, r.within); !ok {
			return dst, false
		}
	}
	return dst, true
}

// nested appends what is kept of a message, behind its length.
func nested(dst, message []byte, keep fields) ([]byte, bool) {
	from := len(dst)
	dst, ok := strip(dst, message, keep)
	size := len(dst) - from
	var room [10]byte
	length := protowire.AppendVarint(room[:0], uint64(size))
	dst = append(dst, length...)
	copy(dst[from+len(length):], dst[from:from+size])
	copy(dst[from:], length)
	return dst, ok
}
