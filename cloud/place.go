package cloud

// Place is which VPC it is, and where in it the adapter reads and makes what
// belongs to one region. Two Networks with equal Places are views of one thing;
// those with equal VPCs share an address space. It is comparable, and none
// where it is zero.
type Place struct {
	// VPC is the VPC's full name, which no other has:
	// "projects/net/global/networks/prod", or "vpc-0a1b2c3d".
	VPC string
	// Region is as the adapter found it, also where a Network names none.
	Region string
}
