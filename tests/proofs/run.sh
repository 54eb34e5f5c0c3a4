#!/usr/bin/env bash
# Proves the verifier's operators sound: exports what the Rust code makes of many numbers, then prove.py. The last line
# counts as cargo's result lines do.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"

target=${CARGO_TARGET_DIR:-$PWD/target}
folder=$target/proofs
requirements=tests/proofs/requirements.txt
mkdir -p "$folder"

# An environment with the solvers, once for each list of them.
if ! cmp -s "$requirements" "$folder/installed.txt"; then
  say "installing the solvers"
  rm -rf "$folder/venv"
  python3 -m venv "$folder/venv" || die "python3 can't make an environment; on Debian: apt-get install python3-venv"
  "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --require-hashes -r "$requirements" || die "the packages of $requirements could not be installed"
  cp "$requirements" "$folder/installed.txt"
fi

say "the operators' results"
vectors=$folder/vectors.txt
rm -f "$vectors"
HYPOS_VECTORS=$vectors cargo test --quiet -p bpf-runtime --lib -- --ignored --exact verifier::vectors::export >"$folder/export.log" 2>&1 ||
  { cat "$folder/export.log"; die "the operators' results could not be exported"; }
[ -s "$vectors" ] || die "no results in $vectors; is there still a test verifier::vectors::export?"

say "proofs"
exec env PYTHONDONTWRITEBYTECODE=1 "$folder/venv/bin/python" tests/proofs/prove.py "$vectors"
