#!/usr/bin/env bash
# bench.sh [system]: counts what the system costs, in instructions, on the release kernel; prints a table and writes
#   target/bench/system.json. Fails if a figure is over its limit.
# bench.sh engine [OUT]: times the eBPF engine against its peers and native code on this machine, and measures its text
#   on aarch64; prints tables and writes target/bench/engine.json, docs/performance.md and docs/performance.svg (or
#   into the folder OUT).
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

case ${1:-system} in
  system) ;;
  engine)
    target=aarch64-unknown-none-softfloat
    bare_cargo build --release -q -p text-size
    exec cargo run --release -q -p engine-bench -- \
      target/bench/engine.json "${2:-docs}" "${CARGO_TARGET_DIR:-target}/$target/release"
    ;;
  *) die "usage: bench.sh [system | engine [OUT]]" ;;
esac

use_board x86_64/pc99
scripts/build.sh "$board"
SEL4_PREFIX=$PWD/target/sel4/$board_id/release
export SEL4_PREFIX HYPOS_PLATFORM=$board

say "bench programs"
bench=target/bench/$board_id
mkdir -p "$bench/services"
bare_cargo build --release -p bench-client -p bench-server
cp "$images"/services/*.elf "$bench/services/"
# They stand in the places of the timer and the cell: tests/bench/README.md.
objcopy --strip-all "target/$target/release/bench-client" "$bench/services/timer.elf"
objcopy --strip-all "target/$target/release/bench-server" "$bench/services/cell.elf"
HYPOS_SERVICES=$PWD/$bench/services CARGO_TARGET_DIR=target/bench/build bare_cargo build --release -p root-task
objcopy --strip-all "target/bench/build/$target/release/root-task" "$bench/root-task.elf"
cp "$images/kernel.elf" "$bench/"

say "measuring"
cargo run --release -q -p hypos-tests --bin bench -- "$bench" target/bench/system.json
