// Package cloud says what a cloud must do for vpcnative: values that describe
// a VPC, small ports that read and change it, and typed errors.
//
// A port speaks in values and returns values or errors back; it never holds its
// caller. Adapters live below this package (gcp, aws); middleware stands
// between them and the SDK by way of [Hook]. Controllers know nothing but
// this package, so that one controller serves every cloud.
package cloud
