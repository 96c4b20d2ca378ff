package v1alpha1

// Finalizer keeps an object until its cloud resources are deleted.
const Finalizer = "vpcnative.dev/cloud-cleanup"

// FirewallFinalizer keeps a Network until its firewall rules are deleted.
const FirewallFinalizer = "vpcnative.dev/firewall-cleanup"

// Condition types. Conditions that report trouble are absent until it first
// occurs.
const (
	// ConditionReady summarizes an object: a Network was read, a RangeRequest
	// has everything that it asks for.
	ConditionReady = "Ready"
	// ConditionExhausted is True on a RangeRequest while nodes wait for room.
	ConditionExhausted = "Exhausted"
	// ConditionGrowthLimited is True on a RangeRequest that should grow and
	// cannot.
	ConditionGrowthLimited = "GrowthLimited"
	// ConditionReclaimFailed is True on a RangeRequest while a range should be
	// reclaimed and cannot.
	ConditionReclaimFailed = "ReclaimFailed"
	// ConditionAllocatorConflict is True on a RangeRequest while another
	// allocator sets podCIDRs of its Nodes: nothing is allocated from it.
	ConditionAllocatorConflict = "AllocatorConflict"
	// ConditionForeignAlias is True on a RangeRequest while instances have
	// prefixes of its ranges that vpcnative did not attach and no Node uses.
	ConditionForeignAlias = "ForeignAlias"
	// ConditionRangesOverlap is True on a RangeRequest while one of its ranges
	// overlaps another, so that nothing is allocated from it.
	ConditionRangesOverlap = "RangesOverlap"
	// ConditionReleasePending is True on a RangeRequest while prefixes of deleted
	// Nodes cannot be detached from their instances.
	ConditionReleasePending = "ReleasePending"
	// ConditionLedgerBlocked is True on a RangeRequest while the manager cannot
	// read or write a ConfigMap of its claims ledger.
	ConditionLedgerBlocked = "LedgerBlocked"
	// ConditionAdoptionStopped is True on a RangeRequest with adoption Attach
	// while one Node cannot be attached, so that no other is tried.
	ConditionAdoptionStopped = "AdoptionStopped"
	// ConditionServiceCIDROverlap is True on a RangeRequest while a ServiceCIDR
	// overlaps one of its ranges.
	ConditionServiceCIDROverlap = "ServiceCIDROverlap"
	// ConditionReservedInUse is True on a Network, and on a RangeRequest, while a
	// block that a Network of the VPC reserves overlaps a granted range.
	ConditionReservedInUse = "ReservedInUse"
	// ConditionRoutesLimited is True on a RangeRequest whose ranges hold more
	// nodes than the route tables have room for. It is set with attachment
	// Routes only.
	ConditionRoutesLimited = "RoutesLimited"
	// ConditionSupernetInUse is True on a Network while granted ranges lie
	// outside its supernets.
	ConditionSupernetInUse = "SupernetInUse"
	// ConditionRoutesUnseen is True on a Network while part of what may be in use
	// in its VPC cannot be read.
	ConditionRoutesUnseen = "RoutesUnseen"
	// ConditionOrphaned is True on a Network while resources of deleted requests
	// remain and cannot be deleted.
	ConditionOrphaned = "Orphaned"
	// ConditionRangeRemovalHeld and ConditionLoadBalancerRemovalHeld are True on
	// a Network while resources of deleted RangeRequests, and of deleted
	// Services, are kept because too many vanished together.
	ConditionRangeRemovalHeld        = "RangeRemovalHeld"
	ConditionLoadBalancerRemovalHeld = "LoadBalancerRemovalHeld"
	// ConditionNodeReleaseHeld is True on a Network while prefixes of deleted
	// Nodes stay attached because too many vanished together whose machines
	// still run.
	ConditionNodeReleaseHeld = "NodeReleaseHeld"
	// ConditionMemberRemovalHeld is True on a Network while machines of deleted
	// Nodes stay members of its load balancers' pools because too many vanished
	// together.
	ConditionMemberRemovalHeld = "MemberRemovalHeld"
	// ConditionFirewall is True on a Network while the firewall allows the pod
	// ranges.
	ConditionFirewall = "FirewallReady"
	// ConditionEndpointsRefused is True on an EndpointGroup while endpoints
	// cannot be attached.
	ConditionEndpointsRefused = "EndpointsRefused"
	// ConditionMasquerade is True on a Network while ip-masq-agent's ConfigMap
	// covers the VPC. It is set with --masquerade-configmap only.
	ConditionMasquerade = "MasqueradeReady"
)

// Reasons of conditions, Events and metrics. A refusal has the same reason in
// all three.
const (
	ReasonReady   = "Ready"
	ReasonPending = "Pending"
	// The spec is invalid in a way that the schema cannot express.
	ReasonInvalidSpec = "InvalidSpec"

	// About a Network.
	ReasonWrongCloud      = "WrongCloud"
	ReasonInUse           = "InUse"
	ReasonBeingDeleted    = "BeingDeleted"
	ReasonInsideSupernets = "InsideSupernets"
	ReasonReserved        = "Reserved"
	// No rule allows the pod ranges; a rule denies them; there are none.
	ReasonFirewallRuleMissing = "FirewallRuleMissing"
	ReasonFirewallDenies      = "FirewallDenies"
	ReasonNoPodRanges         = "NoPodRanges"
	ReasonForeignConfigMap    = "ForeignConfigMap"
	// So many owners vanished together that their resources are kept.
	ReasonMassRemoval = "MassRemoval"

	// About a RangeRequest.
	ReasonNetworkNotFound     = "NetworkNotFound"
	ReasonNetworkNotReady     = "NetworkNotReady"
	ReasonUnsupported         = "Unsupported"
	ReasonUnknownSubnet       = "UnknownSubnet"
	ReasonAmbiguousSubnet     = "AmbiguousSubnet"
	ReasonHostBits            = "HostBits"
	ReasonOutsideSupernets    = "OutsideSupernets"
	ReasonOverlap             = "Overlap"
	ReasonNoSpace             = "NoSpace"
	ReasonNodeLargerThanRange = "NodeLargerThanRange"
	ReasonRangeMissing        = "RangeMissing"
	ReasonRangeRestored       = "RangeRestored"
	// Some of the subnets have a range, and the others cannot get one.
	ReasonPartlyGranted       = "PartlyGranted"
	ReasonNodesWaiting        = "NodesWaiting"
	ReasonRangesAtLimit       = "RangesAtLimit"
	ReasonGrown               = "Grown"
	ReasonReclaimed           = "Reclaimed"
	ReasonAdopted             = "Adopted"
	ReasonSpaceAdded          = "SpaceAdded"
	ReasonServiceCIDRNotReady = "ServiceCIDRNotReady"
	ReasonNoServiceCIDR       = "NoServiceCIDR"
	ReasonNoRival             = "NoRival"
	ReasonForeignAlias        = "ForeignAlias"
	ReasonServiceCIDROverlap  = "ServiceCIDROverlap"
	ReasonNone                = "None"
	ReasonRoomLeft            = "RoomLeft"

	// About a Node.
	ReasonPublished            = "PodRangeReady"
	ReasonWaitingForProviderID = "WaitingForProviderID"
	ReasonWrongSubnet          = "WrongSubnet"
	ReasonNodeUndersized       = "NodeUndersized"
	ReasonRangeExhausted       = "RangeExhausted"
	ReasonForeignPodCIDR       = "ForeignPodCIDR"
	ReasonAttaching            = "Attaching"
	ReasonInstanceNotFound     = "InstanceNotFound"
	ReasonPrefixTaken          = "PrefixTaken"
	ReasonNotRestored          = "NotRestored"
	ReasonLedgerBlocked        = "LedgerBlocked"
	ReasonNoIPv6               = "NoIPv6"
	ReasonIPv6Taken            = "IPv6Taken"
	ReasonIPv6Changed          = "IPv6Changed"

	// About a Service of type LoadBalancer. Those that contain LoadBalancer are
	// the reasons of the cloud controllers.
	ReasonEnsured               = "EnsuredLoadBalancer"
	ReasonDeleted               = "DeletedLoadBalancer"
	ReasonNoNodes               = "UnAvailableLoadBalancer"
	ReasonMixedProtocols        = "LoadBalancerMixedProtocolNotSupported"
	ReasonPlanned               = "Planned"
	ReasonNoPorts               = "NoPorts"
	ReasonUnsupportedProtocol   = "UnsupportedProtocol"
	ReasonNoHealthCheckNodePort = "NoHealthCheckNodePort"
	ReasonInvalidAddress        = "InvalidAddress"
	ReasonInvalidSourceRange    = "InvalidSourceRange"
	ReasonNoClientsAllowed      = "NoClientsAllowed"
	ReasonInvalidAnnotation     = "InvalidAnnotation"
	ReasonAnnotationUnknown     = "AnnotationUnknown"
	ReasonAnnotationIgnored     = "AnnotationIgnored"
	ReasonAnnotationUnsupported = "AnnotationUnsupported"
	ReasonSchemeKept            = "SchemeKept"
	ReasonNoBalancers           = "NoLoadBalancers"
	ReasonNeedsAdmin            = "NeedsAdmin"
	ReasonOrphanRemoved         = "OrphanRemoved"

	// About an EndpointGroup.
	ReasonServiceNotFound   = "ServiceNotFound"
	ReasonPortNotFound      = "PortNotFound"
	ReasonEndpointsAttached = "EndpointsAttached"
	ReasonEndpointsRefused  = "EndpointsRefused"
	ReasonEndpointsPending  = "EndpointsPending"
)

// ClassLoadBalancer is the loadBalancerClass of Services that vpcnative manages.
const ClassLoadBalancer = "vpcnative.dev/lb"

// LoadBalancerFinalizer keeps a Service until its load balancer is deleted, and
// a Network until all of its are. It differs from the cloud controller's, which
// acts on its own finalizer whoever manages the Service.
const LoadBalancerFinalizer = "vpcnative.dev/load-balancer-cleanup"

// ConditionLoadBalancer is True on a Service while its load balancer is in sync.
const ConditionLoadBalancer = "vpcnative.dev/LoadBalancerReady"
