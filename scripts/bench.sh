#!/usr/bin/env bash
# bench.sh [system [ARCH/BOARD]]: counts what the system costs, in instructions, on the release kernel; prints a table and
#   writes target/bench/ARCH-BOARD.json. Fails if a figure is over its limit. With SEL4_PREFIX_ARCH=FOLDER (X86_64,
#   AARCH64, RISCV64) also on the seL4 that is installed there, side by side.
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
programs() { # BOARD PREFIX
  installed=$2
  use_board "$1"
  SEL4_PREFIX=$installed scripts/build.sh "$board"
  use_kernel release
  bench=target/bench/$board_id${installed:+-installed}
  say "bench programs, $bench"
  mkdir -p "$bench/services"
  bare_cargo build --release -p bench-client -p bench-server
  cp "$images"/services/*.elf "$bench/services/"
  local program built=$device/$target/release
  bench_program() { "${tools}objcopy" --strip-all "$built/$1" "$bench/services/$2.elf"; }
  # The client stands in the place of tick, the server in that of the cells' program: tests/bench/README.md.
  bench_program bench-client tick
  for program in bench-server cell; do
    bench_program "$program" cell
    HYPOS_SERVICES=$PWD/$bench/services device=target/bench/build${installed:+-installed} \
      bare_cargo build --release -p root-task
    make_image "$SEL4_PREFIX" "target/bench/build${installed:+-installed}/$target/release/root-task" "$bench/$program"
  done
  measured+=("$images" "$bench")
}

measured=()
wanted=${2:-x86_64/pc99}
programs "$wanted" ""
prefix=$SEL4_PREFIX
json=$bench.json
arch=${wanted%%/*}
variable=SEL4_PREFIX_${arch^^}
if [ -n "${!variable:-}" ]; then programs "$wanted" "${!variable}"; fi

say "measuring"
SEL4_PREFIX=$prefix cargo run --release -q -p hypos-tests --bin bench -- "$json" "${measured[@]}"
