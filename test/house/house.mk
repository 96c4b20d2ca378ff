# Included by the Makefile at the root of the repository. HOUSE_FLAGS are passed
# on: -at=main compares with a commit, -names lists what is counted.

.PHONY: house
house: ## Measure how the code is built: sizes, branches, loops between folders, shared state
	@go run ./test/house $(HOUSE_FLAGS)
