#!/usr/bin/env bash
# Fuzzes each target (or those named) for some seconds: scripts/fuzz.sh [SECONDS] [TARGET...]. With cargo-fuzz and a
# nightly compiler, else the same targets' short run on stable Rust.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

seconds=${1:-60}
shift || true
[[ $seconds =~ ^[0-9]+$ ]] || die "usage: scripts/fuzz.sh [SECONDS] [TARGET...]"
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  targets=(fuzz/fuzz_targets/*.rs)
  targets=("${targets[@]##*/}")
  targets=("${targets[@]%.rs}")
fi

if ! command -v cargo-fuzz >/dev/null || ! cargo +nightly --version >/dev/null 2>&1; then
  say "no cargo-fuzz (cargo install cargo-fuzz) or no nightly compiler: the short run on stable Rust"
  exec cargo test --release -p fuzz-targets
fi

# What it finds and its corpus stay below target/: the bytes of a find are printed in base64 too.
corpora=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
status=0
for name in "${targets[@]}"; do
  say "$name, $seconds s"
  mkdir -p "$corpora/corpus/$name" "$corpora/seeds/$name" "$corpora/artifacts/$name"
  seeds=("$corpora/seeds/$name")
  if [ "$name" = elf ]; then cp -f examples/*.bpf.o target/examples/*.bpf.o "${seeds[0]}" 2>/dev/null || true; fi
  cargo +nightly fuzz run --fuzz-dir fuzz "$name" "$corpora/corpus/$name" "${seeds[@]}" -- \
    -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -artifact_prefix="$corpora/artifacts/$name/" || status=1
done
exit $status
