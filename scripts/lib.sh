# Shared by the scripts beside it: where things are kept, how a step is timed, how a missing tool
# is installed or named. Sourced, never run.

set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$ROOT"

TELLTALE_CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/telltale"
# Not exported: to the server every TELLTALE_ variable is a configuration key.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$TELLTALE_CACHE/target}"
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
mkdir -p "$TELLTALE_CACHE"

RUST_MIN=1.95
NODE_MIN=18
PYTHON_MIN=3.11

say() { printf '%s\n' "$*" >&2; }

die() {
  say "error: $*"
  exit 1
}

# step NAME COMMAND...: runs the command and prints how long it took. The command is not run in a
# condition, because bash would then ignore failures inside a function; the trap reports them.
step() {
  STEP="$1"
  STEP_START=$SECONDS
  shift
  say "==> $STEP"
  "$@"
  STEP_TIMES+=("$(printf '%-24s %5ds' "$STEP" $((SECONDS - STEP_START)))")
  say "<== ${STEP_TIMES[-1]}"
  STEP=
}
STEP=
STEP_TIMES=()
report_failed_step() {
  local status=$?
  if [ -n "$STEP" ] && [ "$status" -ne 0 ]; then
    say "<== $STEP FAILED after $((SECONDS - STEP_START))s (exit $status)"
  fi
}
trap report_failed_step EXIT

step_table() {
  say "--- time of each step"
  printf '    %s\n' "${STEP_TIMES[@]}" >&2
}

have() { command -v "$1" >/dev/null 2>&1; }

# version_at_least HAVE MIN
version_at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n1)" = "$2" ]; }

# apt PACKAGE...: installs where this user may and apt exists; fails quietly otherwise.
apt() {
  have apt-get || return 1
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || return 1
    sudo=(sudo -n)
  fi
  say "installing $* with apt-get"
  if [ -z "${APT_UPDATED:-}" ]; then
    "${sudo[@]}" apt-get update -qq >&2 || return 1
    APT_UPDATED=1
  fi
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "$@" >&2
}

need_rust() {
  if ! have cargo; then
    die "Rust is missing. Install it with:
  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y && . ~/.cargo/env"
  fi
  local version
  version="$(cargo --version | cut -d' ' -f2)"
  if ! version_at_least "$version" "$RUST_MIN"; then
    say "cargo $version is older than $RUST_MIN"
    have rustup && rustup update stable >&2 || true
    version="$(cargo --version | cut -d' ' -f2)"
    version_at_least "$version" "$RUST_MIN" ||
      die "cargo $version is too old. Update it with: rustup update stable && rustup default stable"
  fi
  if ! have cc; then
    apt gcc libc6-dev || die "a C compiler is missing. Install it with: sudo apt-get install gcc libc6-dev"
  fi
}

need_rust_lints() {
  need_rust
  if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
    have rustup && rustup component add rustfmt clippy >&2 || true
    cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 ||
      die "rustfmt or clippy is missing. Install them with: rustup component add rustfmt clippy"
  fi
}

# Sets PYTHON to an interpreter that can make virtual environments.
need_python() {
  local candidate
  PYTHON=
  for candidate in python3.13 python3.12 python3.11 python3; do
    if have "$candidate" &&
      "$candidate" -c "import sys; sys.exit(sys.version_info < (${PYTHON_MIN/./, }))" 2>/dev/null; then
      PYTHON="$candidate"
      break
    fi
  done
  if [ -z "$PYTHON" ]; then
    apt python3 python3-venv && PYTHON=python3 ||
      die "Python $PYTHON_MIN or newer is missing. Install it with: sudo apt-get install python3 python3-venv"
  fi
  if ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
    apt python3-venv ||
      die "$PYTHON cannot make virtual environments. Install it with: sudo apt-get install python3-venv"
  fi
}

need_node() {
  local version=0
  have node && version="$(node --version | tr -d v)"
  if ! version_at_least "$version" "$NODE_MIN" || ! have npm; then
    apt nodejs npm || die "Node $NODE_MIN or newer with npm is missing. Install it with: sudo apt-get install nodejs npm
or from https://nodejs.org/en/download"
    version="$(node --version | tr -d v)"
    version_at_least "$version" "$NODE_MIN" ||
      die "Node $version is older than $NODE_MIN. Get a newer one from https://nodejs.org/en/download"
  fi
}
