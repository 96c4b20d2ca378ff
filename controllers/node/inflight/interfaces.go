package inflight

import "github.com/vpcnative/vpcnative/cloud"

// MaxInterfaces bounds how many interfaces are remembered.
const MaxInterfaces = 4096

// SetInterfaces remembers the interfaces, by instance, that a listing of all
// showed to carry nothing.
func (o *Operations) SetInterfaces(byInstance map[string]cloud.Interface) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.listed = byInstance
}

// TakeInterface returns the instance's interface as the last listing showed it,
// once: so a Node that joins a cluster just restored costs no read of its own.
// One that is out of date costs a read more, never a wrong write.
func (o *Operations) TakeInterface(instance string) (cloud.Interface, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i, ok := o.listed[instance]
	delete(o.listed, instance)
	if len(o.listed) == 0 {
		o.listed = nil // an emptied map keeps the room for all it ever held
	}
	return i, ok
}
