#!/usr/bin/env bash
# bench.sh [system [ARCH/BOARD]]: counts what the system costs, in instructions, on the release kernel; prints a table and
#   writes target/bench/ARCH-BOARD.json. Fails if a figure is over its limit. With SEL4_PREFIX_ARCH=FOLDER (X86_64,
#   AARCH64, RISCV64) also on the seL4 that is installed there, side by side.
# bench.sh cells [OUT [ARCH/BOARD]]: counts in the same way what cells cost, and times the same work done by this machine's Linux
#   where it may be asked; prints tables, writes target/bench/ARCH-BOARD-cells.json and its part of docs/performance.md (or of
#   that in OUT).
# bench.sh all [OUT]: both for all boards, and puts them side by side: into docs/performance.md (or that in OUT), too.
# bench.sh text: measures the engine's text on aarch64 and fails if it is over its limit.
# bench.sh engine [OUT]: times the eBPF engine against its peers and native code on this machine, and measures its text
#   on aarch64; prints tables and writes target/bench/engine.json, docs/performance.md and docs/performance.svg (or
#   into the folder OUT).
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

what=${1:-system}

# Builds the programs that hold the engine alone as the profile `small` makes them. What a profile can't say: to inline only
# what takes no more text by it, to look for equal pieces anew in what was outlined, and that the program is below 1 MiB.
small_text() {
  local flags="'-Ccode-model=tiny', '-Cllvm-args=-inline-threshold=0 -machine-outliner-reruns=4'"
  bare_cargo build --profile small -q -p text-size --config "target.$target.rustflags=[$flags]"
}
case $what in
  system | cells) ;;
  all)
    failed=()
    for each in $(boards); do
      "$0" system "$each" || failed+=("system $each")
      "$0" cells target/bench "$each" || failed+=("cells $each")
    done
    use_board x86_64/pc99
    use_kernel release
    mapfile -t sheets < <(boards | tr / - | sed 's|.*|target/bench/&.json\ntarget/bench/&-cells.json|')
    cargo run --release -q -p hypos-tests --bin bench -- "${2:-docs}/performance.md" table "${sheets[@]}"
    [ ${#failed[@]} -eq 0 ] || die "over its limit, or not measured: ${failed[*]}"
    exit
    ;;
  text)
    target=aarch64-unknown-none-softfloat
    small_text
    exec cargo run -q -p engine-bench -- text "target/$target/small"
    ;;
  engine)
    target=aarch64-unknown-none-softfloat
    bare_cargo build --release -q -p text-size
    small_text
    # The engine as the profile `small` makes it, its peers as ever.
    cargo build --release -q -p engine-bench --config 'profile.release.package.bpf-runtime.opt-level="z"'
    mkdir -p target/bench
    cp target/release/engine-bench target/bench/engine-bench-small
    exec cargo run --release -q -p engine-bench -- target/bench/engine.json "${2:-docs}" \
      "target/$target/release" "target/$target/small" target/bench/engine-bench-small
    ;;
  *) die "usage: bench.sh [system [BOARD] | cells [OUT [BOARD]] | all [OUT] | text | engine [OUT]]" ;;
esac

out=docs
if [ "$what" = cells ]; then
  out=${2:-docs}
  shift
fi

# Builds the bench programs of a board for a kernel (an installed one's prefix, or nothing for the own); sets `bench`.
programs() { # BOARD PREFIX
  installed=$2
  use_board "$1"
  SEL4_PREFIX=$installed scripts/build.sh "$board"
  use_kernel release
  bench=target/bench/$board_id${installed:+-installed}
  say "bench programs, $bench"
  mkdir -p "$bench/services"
  bare_cargo build --release -p bench-client -p bench-server -p bench-agent
  bench_image cell
  if [ "$what" = system ]; then bench_image bench-server; else bench_image bench-agent; fi
  measured+=("$images" "$bench")
}
# An image in which programs of the bench stand in the places of others: tests/bench/README.md.
bench_image() {
  local name=$1
  cp "$images"/services/*.elf "$bench/services/"
  bench_program bench-client tick
  case $name in
    bench-server) bench_program "$name" cell ;;
    bench-agent) bench_program "$name" agent ;;
  esac
  HYPOS_SERVICES=$PWD/$bench/services device=$PWD/target/bench/build${installed:+-installed} \
    bare_cargo build --release -p root-task
  make_image "$SEL4_PREFIX" "target/bench/build${installed:+-installed}/$target/release/root-task" "$bench/$name"
}
bench_program() { "${tools}objcopy" --strip-all "$device/$target/release/$1" "$bench/services/$2.elf"; }

measured=()
wanted=${2:-x86_64/pc99}
programs "$wanted" ""
prefix=$SEL4_PREFIX
if [ "$what" = cells ]; then
  mkdir -p "$out"
  gcc -O2 -o "$bench/test_run" tests/bench/test_run.c
  exec cargo run --release -q -p hypos-tests --bin bench -- "$bench-cells.json" cells "$bench" "$out/performance.md" \
    "$bench/test_run"
fi
json=$bench.json
arch=${wanted%%/*}
variable=SEL4_PREFIX_${arch^^}
if [ -n "${!variable:-}" ]; then programs "$wanted" "${!variable}"; fi

say "measuring"
SEL4_PREFIX=$prefix cargo run --release -q -p hypos-tests --bin bench -- "$json" system "${measured[@]}"
