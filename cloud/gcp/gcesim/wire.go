package gcesim

import "encoding/json"

// The JSON of the API, as far as it is modelled. Every field has omitempty, so
// that a zeroed field is an absent one (the partial responses rely on it).

type network struct {
	Kind                  string    `json:"kind,omitempty"`
	ID                    uint64    `json:"id,omitempty,string"`
	CreationTimestamp     string    `json:"creationTimestamp,omitempty"`
	Name                  string    `json:"name,omitempty"`
	Description           string    `json:"description,omitempty"`
	SelfLink              string    `json:"selfLink,omitempty"`
	AutoCreateSubnetworks *bool     `json:"autoCreateSubnetworks,omitempty"`
	Subnetworks           []string  `json:"subnetworks,omitempty"`
	Peerings              []peering `json:"peerings,omitempty"`
	RoutingConfig         *routing  `json:"routingConfig,omitempty"`
	MTU                   int       `json:"mtu,omitempty"`
	EnableULAInternalIPv6 bool      `json:"enableUlaInternalIpv6,omitempty"`
	InternalIPv6Range     string    `json:"internalIpv6Range,omitempty"`
}

type routing struct {
	RoutingMode string `json:"routingMode,omitempty"`
}

type peering struct {
	Name                 string `json:"name,omitempty"`
	Network              string `json:"network,omitempty"`
	State                string `json:"state,omitempty"`
	StateDetails         string `json:"stateDetails,omitempty"`
	ExchangeSubnetRoutes bool   `json:"exchangeSubnetRoutes,omitempty"`
	ImportCustomRoutes   bool   `json:"importCustomRoutes,omitempty"`
	AutoCreateRoutes     bool   `json:"autoCreateRoutes,omitempty"`
}

type peeringRoute struct {
	DestRange     string `json:"destRange,omitempty"`
	Imported      bool   `json:"imported,omitempty"`
	NextHopRegion string `json:"nextHopRegion,omitempty"`
	Priority      int    `json:"priority,omitempty"`
	Type          string `json:"type,omitempty"`
}

type subnetwork struct {
	Kind                      string              `json:"kind,omitempty"`
	ID                        uint64              `json:"id,omitempty,string"`
	CreationTimestamp         string              `json:"creationTimestamp,omitempty"`
	Name                      string              `json:"name,omitempty"`
	Description               string              `json:"description,omitempty"`
	Network                   string              `json:"network,omitempty"`
	Region                    string              `json:"region,omitempty"`
	SelfLink                  string              `json:"selfLink,omitempty"`
	IPCidrRange               string              `json:"ipCidrRange,omitempty"`
	GatewayAddress            string              `json:"gatewayAddress,omitempty"`
	SecondaryIPRanges         []secondaryRange    `json:"secondaryIpRanges,omitempty"`
	Fingerprint               string              `json:"fingerprint,omitempty"`
	PrivateIPGoogleAccess     bool                `json:"privateIpGoogleAccess,omitempty"`
	AllowSubnetCidrRoutesOver bool                `json:"allowSubnetCidrRoutesOverlap,omitempty"`
	Purpose                   string              `json:"purpose,omitempty"`
	Role                      string              `json:"role,omitempty"`
	StackType                 string              `json:"stackType,omitempty"`
	IPv6AccessType            string              `json:"ipv6AccessType,omitempty"`
	UtilizationDetails        *utilizationDetails `json:"utilizationDetails,omitempty"`
	InternalIPv6Prefix        string              `json:"internalIpv6Prefix,omitempty"`
	ExternalIPv6Prefix        string              `json:"externalIpv6Prefix,omitempty"`
	// IPv6CidrRange is for the cloud's own use; the field is there to be asked for.
	IPv6CidrRange string `json:"ipv6CidrRange,omitempty"`
}

type secondaryRange struct {
	RangeName   string `json:"rangeName,omitempty"`
	IPCidrRange string `json:"ipCidrRange,omitempty"`
}

type utilizationDetails struct {
	IPv4 []rangeUtilization `json:"ipv4Utilizations,omitempty"`
}

type rangeUtilization struct {
	RangeName        string `json:"rangeName,omitempty"`
	TotalAllocatedIP int64  `json:"totalAllocatedIp,omitempty,string"`
	TotalFreeIP      int64  `json:"totalFreeIp,omitempty,string"`
}

type instance struct {
	Kind               string             `json:"kind,omitempty"`
	ID                 uint64             `json:"id,omitempty,string"`
	CreationTimestamp  string             `json:"creationTimestamp,omitempty"`
	Name               string             `json:"name,omitempty"`
	Description        string             `json:"description,omitempty"`
	Zone               string             `json:"zone,omitempty"`
	SelfLink           string             `json:"selfLink,omitempty"`
	Status             string             `json:"status,omitempty"`
	MachineType        string             `json:"machineType,omitempty"`
	CanIPForward       bool               `json:"canIpForward,omitempty"`
	Fingerprint        string             `json:"fingerprint,omitempty"`
	NetworkInterfaces  []networkInterface `json:"networkInterfaces,omitempty"`
	Labels             map[string]string  `json:"labels,omitempty"`
	LabelFingerprint   string             `json:"labelFingerprint,omitempty"`
	Tags               json.RawMessage    `json:"tags,omitempty"`
	Metadata           json.RawMessage    `json:"metadata,omitempty"`
	Disks              json.RawMessage    `json:"disks,omitempty"`
	ServiceAccounts    json.RawMessage    `json:"serviceAccounts,omitempty"`
	Scheduling         json.RawMessage    `json:"scheduling,omitempty"`
	LastStartTimestamp string             `json:"lastStartTimestamp,omitempty"`
	LastStopTimestamp  string             `json:"lastStopTimestamp,omitempty"`
}

type networkInterface struct {
	Kind          string          `json:"kind,omitempty"`
	Name          string          `json:"name,omitempty"`
	Network       string          `json:"network,omitempty"`
	Subnetwork    string          `json:"subnetwork,omitempty"`
	NetworkIP     string          `json:"networkIP,omitempty"`
	StackType     string          `json:"stackType,omitempty"`
	Fingerprint   string          `json:"fingerprint,omitempty"`
	AliasIPRanges []aliasRange    `json:"aliasIpRanges,omitempty"`
	AccessConfigs json.RawMessage `json:"accessConfigs,omitempty"`

	IPv6Address              string             `json:"ipv6Address,omitempty"`
	InternalIPv6PrefixLength int                `json:"internalIpv6PrefixLength,omitempty"`
	IPv6AccessType           string             `json:"ipv6AccessType,omitempty"`
	IPv6AccessConfigs        []ipv6AccessConfig `json:"ipv6AccessConfigs,omitempty"`
	// AliasIPv6Ranges is not modelled; the field is there to be asked for.
	AliasIPv6Ranges []aliasRange `json:"aliasIpv6Ranges,omitempty"`
}

type ipv6AccessConfig struct {
	Kind                     string `json:"kind,omitempty"`
	Type                     string `json:"type,omitempty"`
	Name                     string `json:"name,omitempty"`
	NetworkTier              string `json:"networkTier,omitempty"`
	ExternalIPv6             string `json:"externalIpv6,omitempty"`
	ExternalIPv6PrefixLength int    `json:"externalIpv6PrefixLength,omitempty"`
}

type aliasRange struct {
	IPCidrRange         string `json:"ipCidrRange,omitempty"`
	SubnetworkRangeName string `json:"subnetworkRangeName,omitempty"`
}

type route struct {
	Kind              string           `json:"kind,omitempty"`
	ID                uint64           `json:"id,omitempty,string"`
	CreationTimestamp string           `json:"creationTimestamp,omitempty"`
	Name              string           `json:"name,omitempty"`
	Description       string           `json:"description,omitempty"`
	SelfLink          string           `json:"selfLink,omitempty"`
	Network           string           `json:"network,omitempty"`
	DestRange         string           `json:"destRange,omitempty"`
	Priority          *uint32          `json:"priority,omitempty"`
	Tags              []string         `json:"tags,omitempty"`
	NextHopInstance   string           `json:"nextHopInstance,omitempty"`
	NextHopIP         string           `json:"nextHopIp,omitempty"`
	NextHopIlb        string           `json:"nextHopIlb,omitempty"`
	NextHopGateway    string           `json:"nextHopGateway,omitempty"`
	NextHopNetwork    string           `json:"nextHopNetwork,omitempty"`
	NextHopPeering    string           `json:"nextHopPeering,omitempty"`
	RouteType         string           `json:"routeType,omitempty"`
	Warnings          []messageWarning `json:"warnings,omitempty"`
}

type address struct {
	Kind              string   `json:"kind,omitempty"`
	ID                uint64   `json:"id,omitempty,string"`
	CreationTimestamp string   `json:"creationTimestamp,omitempty"`
	Name              string   `json:"name,omitempty"`
	Description       string   `json:"description,omitempty"`
	SelfLink          string   `json:"selfLink,omitempty"`
	Region            string   `json:"region,omitempty"`
	Address           string   `json:"address,omitempty"`
	PrefixLength      int      `json:"prefixLength,omitempty"`
	AddressType       string   `json:"addressType,omitempty"`
	IPVersion         string   `json:"ipVersion,omitempty"`
	IPv6EndpointType  string   `json:"ipv6EndpointType,omitempty"`
	NetworkTier       string   `json:"networkTier,omitempty"`
	Purpose           string   `json:"purpose,omitempty"`
	Status            string   `json:"status,omitempty"`
	Network           string   `json:"network,omitempty"`
	Subnetwork        string   `json:"subnetwork,omitempty"`
	Users             []string `json:"users,omitempty"`
}

type firewall struct {
	Kind                  string           `json:"kind,omitempty"`
	ID                    uint64           `json:"id,omitempty,string"`
	CreationTimestamp     string           `json:"creationTimestamp,omitempty"`
	Name                  string           `json:"name,omitempty"`
	Description           string           `json:"description,omitempty"`
	SelfLink              string           `json:"selfLink,omitempty"`
	Network               string           `json:"network,omitempty"`
	Direction             string           `json:"direction,omitempty"`
	Priority              *uint32          `json:"priority,omitempty"`
	Disabled              bool             `json:"disabled,omitempty"`
	Allowed               []firewallAction `json:"allowed,omitempty"`
	Denied                []firewallAction `json:"denied,omitempty"`
	SourceRanges          []string         `json:"sourceRanges,omitempty"`
	DestinationRanges     []string         `json:"destinationRanges,omitempty"`
	SourceTags            []string         `json:"sourceTags,omitempty"`
	SourceServiceAccounts []string         `json:"sourceServiceAccounts,omitempty"`
	TargetTags            []string         `json:"targetTags,omitempty"`
	TargetServiceAccounts []string         `json:"targetServiceAccounts,omitempty"`
	LogConfig             json.RawMessage  `json:"logConfig,omitempty"`
}

type firewallAction struct {
	IPProtocol string   `json:"IPProtocol,omitempty"`
	Ports      []string `json:"ports,omitempty"`
}

type project struct {
	Kind              string  `json:"kind,omitempty"`
	ID                uint64  `json:"id,omitempty,string"`
	CreationTimestamp string  `json:"creationTimestamp,omitempty"`
	Name              string  `json:"name,omitempty"`
	SelfLink          string  `json:"selfLink,omitempty"`
	Quotas            []quota `json:"quotas,omitempty"`
	XpnProjectStatus  string  `json:"xpnProjectStatus,omitempty"`
}

type quota struct {
	Metric string   `json:"metric,omitempty"`
	Limit  *float64 `json:"limit,omitempty"`
	Usage  *float64 `json:"usage,omitempty"`
}

// place is a region or a zone.
type place struct {
	Kind     string   `json:"kind,omitempty"`
	ID       uint64   `json:"id,omitempty,string"`
	Name     string   `json:"name,omitempty"`
	SelfLink string   `json:"selfLink,omitempty"`
	Status   string   `json:"status,omitempty"`
	Region   string   `json:"region,omitempty"`
	Zones    []string `json:"zones,omitempty"`
}

type operation struct {
	Kind                string           `json:"kind,omitempty"`
	ID                  uint64           `json:"id,omitempty,string"`
	Name                string           `json:"name,omitempty"`
	ClientOperationID   string           `json:"clientOperationId,omitempty"`
	OperationType       string           `json:"operationType,omitempty"`
	TargetLink          string           `json:"targetLink,omitempty"`
	TargetID            uint64           `json:"targetId,omitempty,string"`
	Status              string           `json:"status,omitempty"`
	User                string           `json:"user,omitempty"`
	Progress            int              `json:"progress,omitempty"`
	InsertTime          string           `json:"insertTime,omitempty"`
	StartTime           string           `json:"startTime,omitempty"`
	EndTime             string           `json:"endTime,omitempty"`
	Error               *operationErrors `json:"error,omitempty"`
	HTTPErrorStatusCode int              `json:"httpErrorStatusCode,omitempty"`
	HTTPErrorMessage    string           `json:"httpErrorMessage,omitempty"`
	Warnings            []messageWarning `json:"warnings,omitempty"`
	SelfLink            string           `json:"selfLink,omitempty"`
	Zone                string           `json:"zone,omitempty"`
	Region              string           `json:"region,omitempty"`
}

type operationErrors struct {
	Errors []operationErrorItem `json:"errors,omitempty"`
}

type operationErrorItem struct {
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

type messageWarning struct {
	Code    string        `json:"code,omitempty"`
	Message string        `json:"message,omitempty"`
	Data    []warningData `json:"data,omitempty"`
}

type warningData struct {
	Key   string `json:"key,omitempty"`
	Value string `json:"value,omitempty"`
}

func (o *network) key() string    { return o.Name }
func (o *subnetwork) key() string { return o.Name }
func (o *instance) key() string   { return o.Name }
func (o *route) key() string      { return o.Name }
func (o *address) key() string    { return o.Name }
func (o *firewall) key() string   { return o.Name }
func (o *operation) key() string  { return o.Name }
func (o *place) key() string      { return o.Name }

func (o *network) created() string    { return o.CreationTimestamp }
func (o *subnetwork) created() string { return o.CreationTimestamp }
func (o *instance) created() string   { return o.CreationTimestamp }
func (o *route) created() string      { return o.CreationTimestamp }
func (o *address) created() string    { return o.CreationTimestamp }
func (o *firewall) created() string   { return o.CreationTimestamp }
func (o *operation) created() string  { return o.InsertTime }
func (o *place) created() string      { return "" }
