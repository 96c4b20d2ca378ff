package awssim

// The actions are filled in by init, as they look themselves up.
func init() {
	compute.actions = map[string]action{
		"DescribeVpcs":              {do: describeVpcs, names: "VpcId", many: 1000},
		"DescribeSubnets":           {do: describeSubnets, names: "SubnetId", many: 1000},
		"DescribeRouteTables":       {do: describeRouteTables, names: "RouteTableId", many: 100},
		"DescribeNetworkInterfaces": {do: describeNetworkInterfaces, names: "NetworkInterfaceId", many: 1000},
		"DescribeInstances":         {do: describeInstances, names: "InstanceId", many: 1000},
		"DescribeInstanceTypes":     {do: describeInstanceTypes, names: "InstanceType", many: 100},
		"GetSubnetCidrReservations": {do: getSubnetCidrReservations, names: "SubnetId", many: 1000},

		"AssociateVpcCidrBlock":    {do: associateVpcCidrBlock, mutates: true, names: "VpcId", params: []string{"CidrBlock"}},
		"DisassociateVpcCidrBlock": {do: disassociateVpcCidrBlock, mutates: true, names: "AssociationId"},
		"CreateSubnet":             {do: createSubnet, mutates: true, names: "VpcId", params: append([]string{"CidrBlock", "AvailabilityZone"}, creating...)},
		"DeleteSubnet":             {do: deleteSubnet, mutates: true, names: "SubnetId"},
		"CreateSubnetCidrReservation": {do: createSubnetCidrReservation, mutates: true, names: "SubnetId",
			params: append([]string{"Cidr", "ReservationType", "Description"}, creating...)},
		"DeleteSubnetCidrReservation": {do: deleteSubnetCidrReservation, mutates: true, names: "SubnetCidrReservationId"},
		"AssignPrivateIpAddresses": {do: assignPrivateIPAddresses, mutates: true, names: "NetworkInterfaceId",
			params: []string{"Ipv4Prefix.N", "Ipv4PrefixCount", "PrivateIpAddress.N", "SecondaryPrivateIpAddressCount", "AllowReassignment"}},
		"UnassignPrivateIpAddresses": {do: unassignPrivateIPAddresses, mutates: true, names: "NetworkInterfaceId",
			params: []string{"Ipv4Prefix.N", "PrivateIpAddress.N"}},
		"DescribeSecurityGroups":     {do: describeSecurityGroups, names: "GroupId", many: 1000},
		"DescribeSecurityGroupRules": {do: describeSecurityGroupRules, names: "SecurityGroupRuleId", many: 1000},
		"DescribeAddresses":          {do: describeAddresses, names: "AllocationId", many: 1000, params: []string{"PublicIp.N"}},
		"CreateSecurityGroup": {do: createSecurityGroup, mutates: true, names: "GroupName",
			params: append([]string{"GroupDescription", "VpcId"}, creating...)},
		"DeleteSecurityGroup":             {do: deleteSecurityGroup, mutates: true, names: "GroupId"},
		"AuthorizeSecurityGroupIngress":   {do: authorizeSecurityGroupIngress, mutates: true, names: "GroupId", params: permitting},
		"RevokeSecurityGroupIngress":      {do: revokeSecurityGroupIngress, mutates: true, names: "GroupId", params: append([]string{"SecurityGroupRuleId.N"}, permitting...)},
		"ModifyNetworkInterfaceAttribute": {do: modifyNetworkInterfaceAttribute, mutates: true, names: "NetworkInterfaceId", params: []string{"SecurityGroupId.N", "SourceDestCheck.Value"}},
		"AllocateAddress":                 {do: allocateAddress, mutates: true, names: "Address", params: append([]string{"Domain"}, creating...)},
		"ReleaseAddress":                  {do: releaseAddress, mutates: true, names: "AllocationId"},

		"CreateTags": {do: createTags, mutates: true, names: "ResourceId", params: []string{"Tag.N.Key", "Tag.N.Value"}},
		"DeleteTags": {do: deleteTags, mutates: true, names: "ResourceId", params: []string{"Tag.N.Key", "Tag.N.Value"}},
	}
}
