#!/usr/bin/env bash
# `make run`: builds the release binary and starts it in the foreground. Arguments are flags of
# `telltale serve`.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_rust
step "release build" cargo build --locked --release --package telltale --package telltale-bench
exec "$CARGO_TARGET_DIR/release/telltale" serve "$@"
