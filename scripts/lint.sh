#!/usr/bin/env bash
# Everything that judges the code without running it, cheapest first.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_rust_lints
step "formatting" cargo fmt --all --check
step "tidy" cargo xtask tidy
for script in scripts/*.sh .ci/run; do
  bash -n "$script" || die "$script is not valid bash"
done
step "clippy" cargo clippy --locked --workspace --all-targets -- -D warnings
if have cargo-deny; then
  step "dependencies" cargo deny --locked --offline --log-level error check licenses sources bans
else
  say "cargo-deny is not installed: licences and sources of dependencies were not checked"
fi
