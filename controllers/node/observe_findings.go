package node

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// findings are what the last reading of everything found.
type findings struct {
	mu  sync.Mutex
	cat *catalog // by which it was read; nil before the first
	// missing are the Nodes whose prefix was not on their instance.
	missing map[types.UID]bool
}

// replace takes over what a reading found.
func (f *findings) replace(cat *catalog, missing map[types.UID]bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cat, f.missing = cat, missing
}

// begin takes over the catalog of a standby, unless the leader has read already.
func (f *findings) begin(cat *catalog) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cat != nil {
		return false
	}
	f.cat = cat
	return true
}

// setCatalog takes over requests that changed without a reading.
func (f *findings) setCatalog(cat *catalog) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cat = cat
}

// catalog returns the requests and networks as they were last read; nil before
// everything has been read once.
func (f *findings) catalog() *catalog {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cat
}

// miss notes a Node whose instance is to be looked at.
func (f *findings) miss(uid types.UID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.missing == nil {
		f.missing = map[types.UID]bool{}
	}
	f.missing[uid] = true
}

// misses reports whether the Node's instance is to be looked at.
func (f *findings) misses(uid types.UID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.missing[uid]
}

// mended notes that the Node's prefix is on its instance.
func (f *findings) mended(uid types.UID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.missing, uid)
}
