# Included by the Makefile at the root of the repository.

.PHONY: demo
demo: controlplane ## Show a cluster of VMs getting their pod ranges; KEEP=1 leaves it running
	@mkdir -p $(BIN) && go build -trimpath -o $(BIN)/ ./cmd/vpcnative-manager ./test/demo
	@exec $(BIN)/demo -manager=$(BIN)/vpcnative-manager $(if $(KEEP),-keep)
