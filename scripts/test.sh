#!/usr/bin/env bash
# `make test`: lint, build, Rust tests, end-to-end tests. One profile (dev) and one feature set
# (--workspace) for every step, so that nothing is compiled twice. With TELLTALE_LONG=1 the tests
# that scale do more.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Snapshots are compared, never rewritten, by a test run.
export INSTA_UPDATE="${INSTA_UPDATE:-no}"
if [ -n "${TELLTALE_LONG:-}" ]; then
  export PROPTEST_CASES="${PROPTEST_CASES:-4096}"
fi

rust_tests() {
  if have cargo-nextest; then
    cargo nextest run --locked --workspace --no-fail-fast
  else
    cargo test --locked --workspace --lib --bins --tests --no-fail-fast
  fi
}

need_rust_lints
step "formatting" cargo fmt --all --check
step "tidy" cargo xtask tidy
step "clippy" cargo clippy --locked --workspace --all-targets -- -D warnings
step "build" cargo build --locked --workspace --all-targets
step "Rust tests" rust_tests

source scripts/e2e-setup.sh
step "e2e packages" e2e_setup
step_table
# Last, so that the output ends with pytest's own summary; its time stands in it.
e2e_run
