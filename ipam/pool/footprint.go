package pool

import "unsafe"

// Footprint is the memory of a pool's tables in bytes, room for growth included.
type Footprint struct {
	Index int // which places are free, and which of them go first
	Nodes int // what is held, what rests, and which used places are free
}

// Footprint reports how much memory the pool takes. Tables do not shrink.
func (p *Pool) Footprint() Footprint {
	tables := int(unsafe.Sizeof(table{})) * cap(p.nodes.tables)
	for _, t := range p.nodes.tables {
		tables += 4*cap(t.slots) + 8*cap(t.nodes) + 2*cap(t.keys)
	}
	return Footprint{
		Index: len(p.chunks.slabs)*int(unsafe.Sizeof([1 << slabBits]chunk{})) + 4*len(p.chunks.slots) +
			4*cap(p.chunks.spare) + 8*cap(p.chunks.slabs),
		Nodes: len(p.nodes.slabs)*int(unsafe.Sizeof([1 << nodeSlabBits]node{})) + tables +
			8*cap(p.nodes.slabs),
	}
}
