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
		"CreateTags": {do: createTags, mutates: true, names: "ResourceId", params: []string{"Tag.N.Key", "Tag.N.Value"}},
		"DeleteTags": {do: deleteTags, mutates: true, names: "ResourceId", params: []string{"Tag.N.Key", "Tag.N.Value"}},
	}
}
