package informer

import (
	"bytes"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// magic begins every object of Kubernetes in protobuf.
var magic = []byte("k8s\x00")

type serializer struct{ runtime.Serializer }

// Decode is that of runtime.Decoder. What is not a well-formed Node or list of
// them is decoded as it is, or refused as it would be.
func (s serializer) Decode(data []byte, defaults *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	buffer := buffers.Get().(*[]byte)
	defer func() {
		if cap(*buffer) <= maxBuffer {
			buffers.Put(buffer)
		}
	}()
	var ok bool
	if *buffer, ok = leaner((*buffer)[:0], data); ok {
		data = *buffer // decoding copies all that it keeps
	}
	return s.Serializer.Decode(data, defaults, into)
}

// buffers are those of single Nodes, which come one after the other; that of
// a list is left to the garbage collector.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

const maxBuffer = 16 << 10

// leaner appends to dst what is read of an object; false where that is
// neither a Node nor a list of Nodes.
func leaner(dst, object []byte) ([]byte, bool) {
	envelope, ok := bytes.CutPrefix(object, magic)
	if !ok {
		return dst, false
	}
	kind, ok := kindOf(envelope)
	if !ok {
		return dst, false
	}
	keep, ok := envelopes[string(kind)]
	if !ok {
		return dst, false
	}
	return strip(append(dst, magic...), envelope, keep)
}

// kindOf returns the kind of an object of the core group's v1.
func kindOf(envelope []byte) ([]byte, bool) {
	meta, ok := textIn(envelope, 1)
	if !ok {
		return nil, false
	}
	version, _ := textIn(meta, 1)
	if string(version) != "v1" {
		return nil, false
	}
	return textIn(meta, 2)
}
