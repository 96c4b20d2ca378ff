# Included by the Makefile at the root of the repository.

.PHONY: demo
demo: controlplane ## Run the demo of two clusters; CLOUD=aws for EC2; KEEP=1 keeps them running.
	@mkdir -p $(BIN) && go build -trimpath -tags "$(GOTAGS)" -o $(BIN)/ ./cmd/... ./test/demo
	@exec $(BIN)/demo -manager=$(BIN)/vpcnative-manager -vpcnative=$(BIN)/vpcnative -cloud=$(or $(CLOUD),gcp) $(if $(KEEP),-keep)
