package cloud

import "regexp"

// short are the forms of an EC2 instance's provider ID that leave out its zone,
// as cloud-provider-aws reads them: aws:////i-..., aws:///i-..., and i-....
var short = regexp.MustCompile(`^(?:aws:///{1,2})?(i-[0-9a-f]{8,17})$`)

// ProviderID is a Node's provider ID in the form by which an instance is known
// here, whoever wrote it: with its zone. Where the Node has none, it stays as it
// is, and no adapter takes it.
func ProviderID(id, zone string) string {
	if m := short.FindStringSubmatch(id); m != nil && zone != "" {
		return "aws:///" + zone + "/" + m[1]
	}
	return id
}
