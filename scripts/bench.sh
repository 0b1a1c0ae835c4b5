#!/usr/bin/env bash
# `make bench`: the figures of the release build. Without arguments, ingest and then queries, these
# compared with DuckDB on the same files; arguments go to telltale-bench instead.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_rust
if [ "$#" -gt 0 ]; then
  exec cargo xtask bench "$@"
fi
source scripts/e2e-setup.sh
step "DuckDB" e2e_setup
cargo xtask bench ingest
exec cargo xtask bench query --python "$TELLTALE_CACHE/e2e/venv/bin/python"
