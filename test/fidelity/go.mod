// What Google and Amazon publish of their APIs, held against what the adapters
// and the simulators say to each other. Amazon's models come in a module of 330
// MB, so this is a module of its own.
module github.com/vpcnative/vpcnative/test/fidelity

go 1.26.0

require github.com/aws/aws-sdk-go v1.55.8
