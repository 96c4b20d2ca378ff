package resolve

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// PortName is the name that EndpointSlices have for a port of the Service, which
// is given by name or by number. It is empty for a port without a name.
func PortName(s *corev1.Service, port intstr.IntOrString, protocol corev1.Protocol) (string, *conditions.Refusal) {
	at := slices.IndexFunc(s.Spec.Ports, func(p corev1.ServicePort) bool {
		named := port.Type == intstr.String && p.Name == port.StrVal
		numbered := port.Type == intstr.Int && p.Port == port.IntVal
		return (named || numbered) && protocolOf(p.Protocol) == protocolOf(protocol)
	})
	if at < 0 {
		return "", conditions.Refuse(v1alpha1.ReasonPortNotFound, "Service %s/%s has no port %s of protocol %s; add it, or create an EndpointGroup for another",
			s.Namespace, s.Name, port.String(), protocolOf(protocol))
	}
	return s.Spec.Ports[at].Name, nil
}

func protocolOf(p corev1.Protocol) corev1.Protocol {
	if p == "" {
		return corev1.ProtocolTCP
	}
	return p
}
