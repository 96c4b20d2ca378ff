package cloud

// Traits is what a cloud's ranges are like, for those who size and place them.
// The zero value is a cloud whose ranges lie anywhere in the network and hold
// node CIDRs of any size.
type Traits struct {
	// Range is what the cloud calls a range: "secondary range".
	Range string
	// Inside means that a range lies inside the primary range of its subnet;
	// otherwise it lies beside all that the network has.
	Inside bool
	// Spare is how many addresses Auto gives a node for each of its max pods;
	// 0 stands for 2, so that an address is quarantined before it is used again
	// (https://cloud.google.com/kubernetes-engine/docs/how-to/flexible-pod-cidr).
	Spare int
	// Smallest is the length of the smallest node CIDR that an interface takes;
	// 0 is any.
	Smallest int
	// Grows means that an interface carries prefixes of that length, side by
	// side, and that more can be put beside what it carries. Otherwise a prefix that is
	// on an interface is as large as it is.
	Grows bool
	// SmallestRange is the length of the smallest range there can be; 0 is any.
	SmallestRange int
	// NoServices means that the VPC has nothing to reserve a range for
	// ClusterIPs with: it is kept clear of by whoever looks, and no more.
	NoServices bool
	// NoProxies means that managed load balancers need no subnet of their own.
	NoProxies bool
	// Routes means that a node's range can be a route instead of a part of
	// its interface.
	Routes bool
}

// RangeNoun is what the cloud calls a range.
func (t Traits) RangeNoun() string {
	if t.Range == "" {
		return "secondary range"
	}
	return t.Range
}

// PerPod is how many addresses a node gets for each of its max pods.
func (t Traits) PerPod() int {
	if t.Spare == 0 {
		return 2
	}
	return t.Spare
}

// Limit is how large a range one interface takes. The zero value is no limit.
type Limit struct {
	// Bits is the length of the largest prefix that it takes besides what it
	// holds; TakesNone where it takes none of any size.
	Bits int
	// Pieces is how many more prefixes of the smallest length it takes, wherever
	// they lie, where the cloud's Traits have Grows.
	Pieces int
	// Why names the limit: "an interface of instance type t3.medium takes 5
	// prefixes of /28, and has 0".
	Why string
	// Remedy is what to do where it is too small.
	Remedy string
}

// TakesNone is the Bits of an interface that takes no prefix at all.
const TakesNone = 129
