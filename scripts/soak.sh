#!/usr/bin/env bash
# `make soak`: memory of the release build under steady load. Arguments: --minutes, --rate, --batch.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_rust
exec cargo xtask bench soak "$@"
