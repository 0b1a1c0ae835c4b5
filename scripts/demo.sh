#!/usr/bin/env bash
# `make demo`: agent and RAG traffic to a running server: an hour of the past, then live. Arguments:
# --to ADDR, --key KEY, --past-minutes N, --seconds N, --every-seconds N.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_rust
step "release build" cargo build --locked --release --package telltale --package telltale-bench
exec "$CARGO_TARGET_DIR/release/telltale-bench" demo "$@"
