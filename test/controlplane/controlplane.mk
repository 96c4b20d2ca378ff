# Included by the Makefile at the root of the repository.
#
# The control plane for tests, benchmarks and the demo. If KUBEBUILDER_ASSETS is
# set, that directory is only checked.

.PHONY: controlplane
controlplane: ## Build etcd, kube-apiserver and kube-controller-manager, once.
	@cd test/controlplane && GOWORK=off go run ./build
