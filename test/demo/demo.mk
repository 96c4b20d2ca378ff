# Included by the Makefile at the root of the repository.

.PHONY: demo
demo: controlplane ## Show two clusters carving their ranges, and load balancers; CLOUD=aws on EC2; KEEP=1 leaves them running
	@mkdir -p $(BIN) && go build -trimpath -tags "$(GOTAGS)" -o $(BIN)/ ./cmd/... ./test/demo
	@exec $(BIN)/demo -manager=$(BIN)/vpcnative-manager -vpcnative=$(BIN)/vpcnative -cloud=$(or $(CLOUD),gcp) $(if $(KEEP),-keep)
