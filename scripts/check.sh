#!/usr/bin/env bash
# The quickest answer while editing: formatting, tidy, types. No code is generated.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_rust_lints
step "formatting" cargo fmt --all --check
step "tidy" cargo xtask tidy
step "types" cargo check --locked --workspace --all-targets
