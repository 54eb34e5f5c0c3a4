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
# The client stands in the place of tick, the server in that of the cells' program: tests/bench/README.md.
objcopy --strip-all "target/$target/release/bench-client" "$bench/services/tick.elf"
for program in bench-server cell; do
  objcopy --strip-all "target/$target/release/$program" "$bench/services/cell.elf"
  HYPOS_SERVICES=$PWD/$bench/services CARGO_TARGET_DIR=target/bench/build bare_cargo build --release -p root-task
  mkdir -p "$bench/$program"
  objcopy --strip-all "target/bench/build/$target/release/root-task" "$bench/$program/root-task.elf"
  cp "$images/kernel.elf" "$bench/$program/"
done

say "measuring"
cargo run --release -q -p hypos-tests --bin bench -- "$bench" target/bench/system.json
