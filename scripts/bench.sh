#!/usr/bin/env bash
# bench.sh [system [ARCH/BOARD]]: counts what the system costs, in instructions, on the release kernel; prints a table and writes
#   target/bench/ARCH-BOARD.json. Fails if a figure is over its limit.
# bench.sh cells [OUT [ARCH/BOARD]]: counts in the same way what cells cost, and times the same work done by this machine's Linux
#   where it may be asked; prints tables, writes target/bench/ARCH-BOARD-cells.json and its part of docs/performance.md (or of
#   that in OUT).
# bench.sh engine [OUT]: times the eBPF engine against its peers and native code on this machine, and measures its text
#   on aarch64; prints tables and writes target/bench/engine.json, docs/performance.md and docs/performance.svg (or
#   into the folder OUT).
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

what=${1:-system}
case $what in
  system | cells) ;;
  engine)
    target=aarch64-unknown-none-softfloat
    bare_cargo build --release -q -p text-size
    exec cargo run --release -q -p engine-bench -- \
      target/bench/engine.json "${2:-docs}" "${CARGO_TARGET_DIR:-target}/$target/release"
    ;;
  *) die "usage: bench.sh [system | cells [OUT] | engine [OUT]]" ;;
esac

out=docs
if [ "$what" = cells ]; then
  out=${2:-docs}
  shift
fi
use_board "${2:-x86_64/pc99}"
scripts/build.sh "$board"
SEL4_PREFIX=$PWD/target/sel4/$board_id/release
export SEL4_PREFIX HYPOS_PLATFORM=$board

say "bench programs"
bench=target/bench/$board_id
mkdir -p "$bench/services"
bare_cargo build --release -p bench-client -p bench-server -p bench-agent
# An image in which programs of the bench stand in the places of others: tests/bench/README.md.
bench_program() { "${tools}objcopy" --strip-all "target/$target/release/$1" "$bench/services/$2.elf"; }
bench_image() {
  local name=$1
  cp "$images"/services/*.elf "$bench/services/"
  bench_program bench-client tick
  case $name in
    bench-server) bench_program "$name" cell ;;
    bench-agent) bench_program "$name" agent ;;
  esac
  HYPOS_SERVICES=$PWD/$bench/services CARGO_TARGET_DIR=target/bench/build bare_cargo build --release -p root-task
  make_image "$SEL4_PREFIX" "target/bench/build/$target/release/root-task" "$bench/$name"
}
bench_image cell
if [ "$what" = system ]; then bench_image bench-server; else bench_image bench-agent; fi

say "measuring"
if [ "$what" = system ]; then
  exec cargo run --release -q -p hypos-tests --bin bench -- system "$bench" "$bench.json"
fi
mkdir -p "$out"
gcc -O2 -o "$bench/test_run" tests/bench/test_run.c
exec cargo run --release -q -p hypos-tests --bin bench -- cells "$bench" "$bench-cells.json" \
  "$out/performance.md" "$bench/test_run"
