package gcesim

import "encoding/json"

// The JSON of load balancing's resources, as far as it is modelled.

type healthCheck struct {
	Kind               string          `json:"kind,omitempty"`
	ID                 uint64          `json:"id,omitempty,string"`
	CreationTimestamp  string          `json:"creationTimestamp,omitempty"`
	Name               string          `json:"name,omitempty"`
	Description        string          `json:"description,omitempty"`
	SelfLink           string          `json:"selfLink,omitempty"`
	Region             string          `json:"region,omitempty"`
	Type               string          `json:"type,omitempty"`
	CheckIntervalSec   int             `json:"checkIntervalSec,omitempty"`
	TimeoutSec         int             `json:"timeoutSec,omitempty"`
	HealthyThreshold   int             `json:"healthyThreshold,omitempty"`
	UnhealthyThreshold int             `json:"unhealthyThreshold,omitempty"`
	HTTPHealthCheck    *healthProbe    `json:"httpHealthCheck,omitempty"`
	TCPHealthCheck     *healthProbe    `json:"tcpHealthCheck,omitempty"`
	LogConfig          json.RawMessage `json:"logConfig,omitempty"`
}

type healthProbe struct {
	Port              int    `json:"port,omitempty"`
	PortSpecification string `json:"portSpecification,omitempty"`
	RequestPath       string `json:"requestPath,omitempty"`
	Host              string `json:"host,omitempty"`
	ProxyHeader       string `json:"proxyHeader,omitempty"`
	Request           string `json:"request,omitempty"`
	Response          string `json:"response,omitempty"`
}

type backendService struct {
	Kind                     string          `json:"kind,omitempty"`
	ID                       uint64          `json:"id,omitempty,string"`
	CreationTimestamp        string          `json:"creationTimestamp,omitempty"`
	Name                     string          `json:"name,omitempty"`
	Description              string          `json:"description,omitempty"`
	SelfLink                 string          `json:"selfLink,omitempty"`
	Region                   string          `json:"region,omitempty"`
	Fingerprint              string          `json:"fingerprint,omitempty"`
	LoadBalancingScheme      string          `json:"loadBalancingScheme,omitempty"`
	Protocol                 string          `json:"protocol,omitempty"`
	Network                  string          `json:"network,omitempty"`
	Port                     int             `json:"port,omitempty"`
	PortName                 string          `json:"portName,omitempty"`
	Backends                 []backend       `json:"backends,omitempty"`
	HealthChecks             []string        `json:"healthChecks,omitempty"`
	SessionAffinity          string          `json:"sessionAffinity,omitempty"`
	TimeoutSec               int             `json:"timeoutSec,omitempty"`
	ConnectionDraining       *draining       `json:"connectionDraining,omitempty"`
	ConnectionTrackingPolicy *tracking       `json:"connectionTrackingPolicy,omitempty"`
	LocalityLBPolicy         string          `json:"localityLbPolicy,omitempty"`
	LogConfig                json.RawMessage `json:"logConfig,omitempty"`
}

type backend struct {
	Group          string   `json:"group,omitempty"`
	BalancingMode  string   `json:"balancingMode,omitempty"`
	CapacityScaler *float64 `json:"capacityScaler,omitempty"`
	Description    string   `json:"description,omitempty"`
	Failover       bool     `json:"failover,omitempty"`

	MaxConnectionsPerEndpoint int `json:"maxConnectionsPerEndpoint,omitempty"`
}

type draining struct {
	DrainingTimeoutSec int `json:"drainingTimeoutSec,omitempty"`
}

type tracking struct {
	TrackingMode                             string `json:"trackingMode,omitempty"`
	ConnectionPersistenceOnUnhealthyBackends string `json:"connectionPersistenceOnUnhealthyBackends,omitempty"`
	IdleTimeoutSec                           int    `json:"idleTimeoutSec,omitempty"`
}

type forwardingRule struct {
	Kind                string   `json:"kind,omitempty"`
	ID                  uint64   `json:"id,omitempty,string"`
	CreationTimestamp   string   `json:"creationTimestamp,omitempty"`
	Name                string   `json:"name,omitempty"`
	Description         string   `json:"description,omitempty"`
	SelfLink            string   `json:"selfLink,omitempty"`
	Region              string   `json:"region,omitempty"`
	Fingerprint         string   `json:"fingerprint,omitempty"`
	IPAddress           string   `json:"IPAddress,omitempty"`
	IPProtocol          string   `json:"IPProtocol,omitempty"`
	IPVersion           string   `json:"ipVersion,omitempty"`
	Ports               []string `json:"ports,omitempty"`
	PortRange           string   `json:"portRange,omitempty"`
	AllPorts            bool     `json:"allPorts,omitempty"`
	LoadBalancingScheme string   `json:"loadBalancingScheme,omitempty"`
	BackendService      string   `json:"backendService,omitempty"`
	Target              string   `json:"target,omitempty"`
	Network             string   `json:"network,omitempty"`
	Subnetwork          string   `json:"subnetwork,omitempty"`
	NetworkTier         string   `json:"networkTier,omitempty"`
	AllowGlobalAccess   bool     `json:"allowGlobalAccess,omitempty"`
	ServiceLabel        string   `json:"serviceLabel,omitempty"`
	SourceIPRanges      []string `json:"sourceIpRanges,omitempty"`
}

type endpointGroup struct {
	Kind                string            `json:"kind,omitempty"`
	ID                  uint64            `json:"id,omitempty,string"`
	CreationTimestamp   string            `json:"creationTimestamp,omitempty"`
	Name                string            `json:"name,omitempty"`
	Description         string            `json:"description,omitempty"`
	SelfLink            string            `json:"selfLink,omitempty"`
	Zone                string            `json:"zone,omitempty"`
	NetworkEndpointType string            `json:"networkEndpointType,omitempty"`
	Network             string            `json:"network,omitempty"`
	Subnetwork          string            `json:"subnetwork,omitempty"`
	DefaultPort         int               `json:"defaultPort,omitempty"`
	Size                int               `json:"size,omitempty"`
	Annotations         map[string]string `json:"annotations,omitempty"`

	endpoints []groupEndpoint
	leaving   []leavingEndpoint
}

type groupEndpoint struct {
	Instance    string `json:"instance,omitempty"`
	IPAddress   string `json:"ipAddress,omitempty"`
	IPv6Address string `json:"ipv6Address,omitempty"`
	Port        int    `json:"port,omitempty"`
}

type instanceGroup struct {
	Kind              string      `json:"kind,omitempty"`
	ID                uint64      `json:"id,omitempty,string"`
	CreationTimestamp string      `json:"creationTimestamp,omitempty"`
	Name              string      `json:"name,omitempty"`
	Description       string      `json:"description,omitempty"`
	SelfLink          string      `json:"selfLink,omitempty"`
	Zone              string      `json:"zone,omitempty"`
	Fingerprint       string      `json:"fingerprint,omitempty"`
	Network           string      `json:"network,omitempty"`
	Subnetwork        string      `json:"subnetwork,omitempty"`
	Size              int         `json:"size,omitempty"`
	NamedPorts        []namedPort `json:"namedPorts,omitempty"`

	members []string // names of VMs in the group's zone
}

type namedPort struct {
	Name string `json:"name,omitempty"`
	Port int    `json:"port,omitempty"`
}

func (o *healthCheck) key() string        { return o.Name }
func (o *healthCheck) created() string    { return o.CreationTimestamp }
func (o *backendService) key() string     { return o.Name }
func (o *backendService) created() string { return o.CreationTimestamp }
func (o *forwardingRule) key() string     { return o.Name }
func (o *forwardingRule) created() string { return o.CreationTimestamp }
func (o *endpointGroup) key() string      { return o.Name }
func (o *endpointGroup) created() string  { return o.CreationTimestamp }
func (o *instanceGroup) key() string      { return o.Name }
func (o *instanceGroup) created() string  { return o.CreationTimestamp }

// header is what every resource has.
type header struct {
	kind, created, name, link *string
	id                        *uint64
	region, zone, fingerprint *string // nil where it has none
}

func (o *healthCheck) header() header {
	return header{kind: &o.Kind, created: &o.CreationTimestamp, name: &o.Name, link: &o.SelfLink, id: &o.ID, region: &o.Region}
}
func (o *backendService) header() header {
	return header{kind: &o.Kind, created: &o.CreationTimestamp, name: &o.Name, link: &o.SelfLink, id: &o.ID, region: &o.Region, fingerprint: &o.Fingerprint}
}
func (o *forwardingRule) header() header {
	return header{kind: &o.Kind, created: &o.CreationTimestamp, name: &o.Name, link: &o.SelfLink, id: &o.ID, region: &o.Region, fingerprint: &o.Fingerprint}
}
func (o *endpointGroup) header() header {
	return header{kind: &o.Kind, created: &o.CreationTimestamp, name: &o.Name, link: &o.SelfLink, id: &o.ID, zone: &o.Zone}
}
func (o *instanceGroup) header() header {
	return header{kind: &o.Kind, created: &o.CreationTimestamp, name: &o.Name, link: &o.SelfLink, id: &o.ID, zone: &o.Zone, fingerprint: &o.Fingerprint}
}
