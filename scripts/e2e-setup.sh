# The end-to-end tests' Python and Node packages, kept in the cache. Sourced after lib.sh.

E2E="$ROOT/tests/e2e"

# Reinstalls only when a lock file changed; the stamp is written last, so that an interrupted
# installation starts over.
e2e_setup() {
  need_python
  need_node
  have openssl || apt openssl ||
    die "openssl is missing, which makes the tests' certificates. Install it with: sudo apt-get install openssl"
  local venv="$TELLTALE_CACHE/e2e/venv" node="$TELLTALE_CACHE/e2e/node" stamp
  stamp="$("$PYTHON" --version) $(sha256sum <"$E2E/requirements.lock")"
  if [ "$(cat "$venv/.stamp" 2>/dev/null)" != "$stamp" ]; then
    rm -rf "$venv"
    "$PYTHON" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
      --requirement "$E2E/requirements.lock"
    printf '%s' "$stamp" >"$venv/.stamp"
  fi
  stamp="$(node --version) $(sha256sum <"$E2E/js/package-lock.json")"
  if [ "$(cat "$node/.stamp" 2>/dev/null)" != "$stamp" ]; then
    rm -rf "$node"
    mkdir -p "$node"
    cp "$E2E/js/package.json" "$E2E/js/package-lock.json" "$node/"
    (cd "$node" && npm ci --no-audit --no-fund --loglevel=error)
    printf '%s' "$stamp" >"$node/.stamp"
  fi
}

# Extra arguments go to pytest.
e2e_run() {
  export E2E_SERVER="${E2E_SERVER:-$CARGO_TARGET_DIR/debug/telltale}"
  export E2E_NODE="$TELLTALE_CACHE/e2e/node"
  [ -x "$E2E_SERVER" ] || die "$E2E_SERVER is not built: cargo build --workspace --all-targets"
  "$TELLTALE_CACHE/e2e/venv/bin/python" -m pytest "$E2E" -p no:cacheprovider "$@"
}
