#!/usr/bin/env bash
# Only the end-to-end tests, on the debug binary as it was last built. Arguments go to pytest.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source scripts/e2e-setup.sh

e2e_setup
e2e_run "$@"
