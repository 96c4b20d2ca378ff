package main

import "github.com/vpcnative/vpcnative/test/fidelity/deviation"

// deviationKnown is a deviation that stays, and why.
type deviationKnown struct {
	side      deviation.Side
	operation string
	path      string
	reason    string
}

func (k deviationKnown) matches(d deviation.Deviation) bool {
	return k.side == d.Side && k.operation == d.Operation && k.path == d.Path
}

const newer = "newer than the model, which aws-sdk-go v1.55.8 froze: aws-sdk-go-v2's ec2 v1.344.0 has it"

const partial = "the reference of every aggregatedList has it, and the document describes what unreachables are with it, but leaves the parameter out"

var known = []deviationKnown{
	{deviation.Answer, "ec2.DeleteSecurityGroup", "groupId", newer},
	{deviation.Answer, "ec2.RevokeSecurityGroupIngress", "revokedSecurityGroupRuleSet", newer},
	{deviation.Request, "compute.networkEndpointGroups.aggregatedList", "?returnPartialSuccess", partial},
	{deviation.Request, "compute.instanceGroups.aggregatedList", "?returnPartialSuccess", partial},
	{deviation.Request, "compute.instanceGroups.insert", "network",
		"described as output only, but Terraform's google_compute_instance_group sets it, and an empty group keeps it: " +
			"hashicorp/terraform-provider-google, docs/r/compute_instance_group"},
}
