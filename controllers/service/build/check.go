package build

import (
	"errors"
	"strings"
	"time"

	"github.com/vpcnative/vpcnative/cloud/lb"
)

// check is the balancer's, which from then on is its own.
func (m *maker) check() *lb.HealthCheck {
	m.to.Check.Shared = false
	return &m.to.Check
}

func checkProtocol(m *maker, v string) error {
	return set(&m.check().HTTP, v, map[string]bool{"http": true, "tcp": false})
}

// checkPort: the traffic port is the first NodePort. On another port than
// kube-proxy's a TCP connection is enough, unless the protocol is said too.
func checkPort(m *maker, v string) error {
	m.check().HTTP = m.to.LocalOnly
	if !strings.EqualFold(v, "traffic-port") {
		n, err := number(v, 1, 65535)
		if err == nil {
			m.check().Port = uint16(n)
		}
		return err
	}
	ports := m.service.Spec.Ports
	if len(ports) == 0 || ports[0].NodePort == 0 {
		return errors.New("the Service has no NodePort")
	}
	m.check().Port = uint16(ports[0].NodePort)
	return nil
}

func checkPath(m *maker, v string) error {
	if !strings.HasPrefix(v, "/") {
		return errors.New("a path begins with /")
	}
	m.check().Path = v
	return nil
}

func duration(field func(*lb.HealthCheck) *time.Duration, least, most int) func(*maker, string) error {
	return func(m *maker, v string) error {
		n, err := number(v, least, most)
		if err == nil {
			*field(m.check()) = time.Duration(n) * time.Second
		}
		return err
	}
}

func threshold(field func(*lb.HealthCheck) *int) func(*maker, string) error {
	return func(m *maker, v string) error {
		n, err := number(v, 1, 10)
		if err == nil {
			*field(m.check()) = n
		}
		return err
	}
}

var (
	checkInterval  = duration(func(c *lb.HealthCheck) *time.Duration { return &c.Interval }, 1, 300)
	checkTimeout   = duration(func(c *lb.HealthCheck) *time.Duration { return &c.Timeout }, 1, 300)
	checkHealthy   = threshold(func(c *lb.HealthCheck) *int { return &c.Healthy })
	checkUnhealthy = threshold(func(c *lb.HealthCheck) *int { return &c.Unhealthy })
)
