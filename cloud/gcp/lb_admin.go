package gcp

import (
	"errors"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// forAdmin adds the command by which somebody who may change the firewall does
// what we may not: in a shared VPC it belongs to the host project.
func (e *lbEdit) forAdmin(err error) error {
	if e.at.kind != kindFirewall || !cloud.Is(err, cloud.PermissionDenied) {
		return err
	}
	refused, _ := errors.AsType[*cloud.Error](err)
	command := e.command()
	return &cloud.Error{Reason: cloud.PermissionDenied, Act: refused.Act, Resource: refused.Resource,
		Remedy: "have somebody who administers the firewall of project " + e.NetworkProject + " run: " + command,
		Err:    &lb.NeedsAdmin{Of: e.action.Ref, Command: command, Err: refused.Err}}
}

// command does the whole action. A rule that it makes has our description, and
// so is ours.
func (e *lbEdit) command() string {
	parts := []string{"gcloud compute firewall-rules", string(e.action.Verb), e.at.name, "--project=" + e.NetworkProject}
	switch e.action.Verb {
	case lb.Delete:
		return strings.Join(append(parts, "--quiet"), " ")
	case lb.Edit:
		parts[1] = "update"
		parts = append(parts, "--rules="+strings.Join(e.want["allowed"], ","))
	default:
		parts = append(parts, "--network="+e.Network, "--direction="+ingress, "--action=ALLOW", "--rules="+strings.Join(e.want["allowed"], ","),
			"--description='"+e.action.Want.Owner.Description()+"'")
	}
	parts = append(parts, "--priority="+e.want.One("priority"))
	for _, o := range []struct{ flag, field string }{
		{"--source-ranges=", "sourceRanges"}, {"--destination-ranges=", "destinationRanges"}, {"--target-tags=", "targetTags"},
	} {
		if v := e.want[o.field]; len(v) > 0 || e.action.Changes(o.field) {
			parts = append(parts, o.flag+strings.Join(v, ","))
		}
	}
	if e.action.Changes("disabled") && e.action.Verb == lb.Edit {
		parts = append(parts, "--no-disabled")
	}
	return strings.Join(parts, " ")
}
