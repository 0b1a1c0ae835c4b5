# Telltale: every command a person or a CI machine needs. Each target is a script in scripts/.
#
#   make run        build the release binary and start it (ARGS="--http 127.0.0.1:8080" for flags)
#   make check      formatting, tidy, type check: the quickest answer while editing
#   make lint       formatting, tidy, clippy, and cargo-deny when it is installed
#   make test       lint, Rust tests, end-to-end tests with real clients: what CI runs
#   make test-long  the same with 50 kills, more random cases and longer fuzz runs
#   make bench      figures of the release build      make soak   memory under load for 30 minutes
#   make demo       agent and RAG traffic to a running server
#
# CARGO_TARGET_DIR defaults to ~/.cache/telltale/target, so that a fresh clone reuses old builds.

.PHONY: help run check lint test test-long bench soak demo
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#   //p' Makefile

run:
	@scripts/run.sh $(ARGS)

check:
	@scripts/check.sh

lint:
	@scripts/lint.sh

test:
	@scripts/test.sh

test-long:
	@TELLTALE_LONG=1 scripts/test.sh

bench:
	@scripts/bench.sh $(ARGS)

soak:
	@scripts/soak.sh $(ARGS)

demo:
	@scripts/demo.sh $(ARGS)
