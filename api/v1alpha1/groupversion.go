// Package v1alpha1 contains the custom resources of vpcnative: Network, a VPC,
// RangeRequest, a request for a range of it, and EndpointGroup, the endpoints of
// a Service in the cloud.
//
// +kubebuilder:object:generate=true
// +groupName=vpcnative.dev
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the group and version of the objects in this package.
var GroupVersion = schema.GroupVersion{Group: "vpcnative.dev", Version: "v1alpha1"}

// AddToScheme registers the objects of this package.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion, &Network{}, &NetworkList{}, &RangeRequest{}, &RangeRequestList{}, &EndpointGroup{}, &EndpointGroupList{})
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
