package carve

// Place names a range's subnet, where it is in one.
func Place(subnet string) string {
	if subnet == "" {
		return "the request"
	}
	return "subnet " + subnet
}
