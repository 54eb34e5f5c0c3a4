#!/usr/bin/env bash
# bench.sh [system [ARCH/BOARD]]: counts what the system costs, in instructions, on the release kernel; prints a table and writes
#   target/bench/ARCH-BOARD.json. Fails if a figure is over its limit.
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

use_board "${2:-x86_64/pc99}"
scripts/build.sh "$board"
SEL4_PREFIX=$PWD/target/sel4/$board_id/release
export SEL4_PREFIX HYPOS_PLATFORM=$board

say "bench programs"
bench=target/bench/$board_id
mkdir -p "$bench/services"
bare_cargo build --release -p bench-client -p bench-server
cp "$images"/services/*.elf "$bench/services/"
bench_program() { "${tools}objcopy" --strip-all "target/$target/release/$1" "$bench/services/$2.elf"; }
# The client stands in the place of tick, the server in that of the cells' program: tests/bench/README.md.
bench_program bench-client tick
for program in bench-server cell; do
  bench_program "$program" cell
  HYPOS_SERVICES=$PWD/$bench/services CARGO_TARGET_DIR=target/bench/build bare_cargo build --release -p root-task
  make_image "$SEL4_PREFIX" "target/bench/build/$target/release/root-task" "$bench/$program"
done

say "measuring"
cargo run --release -q -p hypos-tests --bin bench -- "$bench" "$bench.json"
