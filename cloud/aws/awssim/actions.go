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

		"AssociateVpcCidrBlock":    {do: associateVpcCidrBlock, mutates: true, names: "VpcId", params: []string{"CidrBlock", "AmazonProvidedIpv6CidrBlock"}},
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
		"AssignIpv6Addresses": {do: assignIPv6Addresses, mutates: true, names: "NetworkInterfaceId",
			params: []string{"Ipv6Prefix.N", "Ipv6PrefixCount", "Ipv6Addresses.N", "Ipv6AddressCount"}},
		"UnassignIpv6Addresses": {do: unassignIPv6Addresses, mutates: true, names: "NetworkInterfaceId",
			params: []string{"Ipv6Prefix.N", "Ipv6Addresses.N"}},
		"ModifyNetworkInterfaceAttribute": {do: modifyInterface, mutates: true, names: "NetworkInterfaceId",
			params: []string{"SourceDestCheck.Value", "Description.Value", "Attachment.AttachmentId", "Attachment.DeleteOnTermination"}},
		"ModifyInstanceAttribute":  {do: modifyInstance, mutates: true, names: "InstanceId", params: []string{"SourceDestCheck.Value"}},
		"AssociateSubnetCidrBlock": {do: associateSubnetCidrBlock, mutates: true, names: "SubnetId", params: []string{"Ipv6CidrBlock"}},
		"CreateRoute":              {do: createRoute, mutates: true, names: "RouteTableId", params: routeParams},
		"ReplaceRoute":             {do: replaceRoute, mutates: true, names: "RouteTableId", params: routeParams},
		"DeleteRoute":              {do: deleteRoute, mutates: true, names: "RouteTableId", params: routeParams[:2]},
		"RunInstances": {do: runInstances, mutates: true, names: "SubnetId",
			params: append([]string{"ImageId", "InstanceType", "MinCount", "MaxCount", "ClientToken"}, creating...)},
		"TerminateInstances": {do: shift("terminated", []instanceState{pending, running, stopping, stopped}, shuttingDown, terminated), mutates: true, names: "InstanceId"},
		"StopInstances":      {do: shift("stopped", []instanceState{pending, running}, stopping, stopped), mutates: true, names: "InstanceId"},
		"StartInstances":     {do: shift("started", []instanceState{stopped}, pending, running), mutates: true, names: "InstanceId"},

		"CreateTags": {do: createTags, mutates: true, names: "ResourceId", params: []string{"Tag.N.Key", "Tag.N.Value"}},
		"DeleteTags": {do: deleteTags, mutates: true, names: "ResourceId", params: []string{"Tag.N.Key", "Tag.N.Value"}},
	}
}
