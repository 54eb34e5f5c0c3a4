#!/usr/bin/env bash
# bench.sh [system]: counts what the system costs, in instructions, on the release kernel; prints a table and writes
#   target/bench/system.json. Fails if a figure is over its limit. With SEL4_PREFIX_X86_64=FOLDER also on the seL4
#   that is installed there, side by side.
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

# Builds the bench programs of a board for a kernel (an installed one's prefix, or nothing for the own); sets `bench`.
programs() {
  installed=$1
  use_board x86_64/pc99
  SEL4_PREFIX=$installed scripts/build.sh "$board"
  use_kernel release
  bench=target/bench/$board_id${installed:+-installed}
  say "bench programs, $bench"
  mkdir -p "$bench/services"
  bare_cargo build --release -p bench-client -p bench-server
  cp "$images"/services/*.elf "$bench/services/"
  # The client stands in the place of tick, the server in that of the cells' program: tests/bench/README.md.
  objcopy --strip-all "$device/$target/release/bench-client" "$bench/services/tick.elf"
  local program built=$device/$target/release
  device=target/bench/build${installed:+-installed}
  for program in bench-server cell; do
    objcopy --strip-all "$built/$program" "$bench/services/cell.elf"
    HYPOS_SERVICES=$PWD/$bench/services bare_cargo build --release -p root-task
    mkdir -p "$bench/$program"
    objcopy --strip-all "$device/$target/release/root-task" "$bench/$program/root-task.elf"
    cp "$images/kernel.elf" "$bench/$program/"
  done
  measured+=("$images" "$bench")
}

measured=()
programs ""
prefix=$SEL4_PREFIX
if [ -n "${SEL4_PREFIX_X86_64:-}" ]; then programs "$SEL4_PREFIX_X86_64"; fi

say "measuring"
SEL4_PREFIX=$prefix cargo run --release -q -p hypos-tests --bin bench -- target/bench/system.json "${measured[@]}"
