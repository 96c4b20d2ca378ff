package cloud

// RouteRoom is how many more prefixes fit into the route tables, each of which
// holds them all.
type RouteRoom struct {
	// Table is the fullest one that the cluster's subnets use.
	Table string
	// Limit is its quota, of each address family; Used how many routes of the
	// fuller family it has, whoever made them.
	Limit, Used int
}
