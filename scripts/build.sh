#!/usr/bin/env bash
# Builds the image of a board into target/images/ and the host programs into target/bin/.
# usage: build.sh [ARCH/BOARD] [--kernel debug|release]
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

use_board x86_64/pc99
kernel=release
while [ $# -gt 0 ]; do
  case $1 in
    --kernel) kernel=${2:?--kernel takes debug or release}; shift ;;
    -h | --help) sed -n '2,3s/^# //p' "$0"; exit ;;
    -*) die "unknown option $1; see --help" ;;
    *) use_board "$1" ;;
  esac
  shift
done
command -v cargo >/dev/null || die "no cargo; install Rust stable (https://rustup.rs)"
command -v objcopy >/dev/null || die "no objcopy; install Debian's package binutils, or run scripts/setup.sh"
trap 'die "$step: failed, for the reason above; if something could not be fetched, check the network and run this again"' ERR

say "host programs"
cargo build --release -p kernel-config -p hypctl
cargo build --release -p bpf-runtime --example bpf-plugin
mkdir -p target/bin
for program in hypctl kernel-config examples/bpf-plugin; do
  cp -u --remove-destination "target/release/$program" target/bin/
done

say "kernel ($kernel)"
target/bin/kernel-config --platform "$board" --config "$kernel" --out target/sel4 >/dev/null
SEL4_PREFIX=${SEL4_PREFIX:-$PWD/target/sel4/$board_id/$kernel}
export SEL4_PREFIX HYPOS_PLATFORM=$board

say "services"
mapfile -t services < <(for main in services/*/src/main.rs; do basename "${main%/src/main.rs}"; done)
bare_cargo build --release "${services[@]/#/-p}"
export HYPOS_SERVICES=$PWD/$images/services
mkdir -p "$HYPOS_SERVICES"
strip_to() { cmp -s "$2.full" "$1" || { cp "$1" "$2.full" && objcopy --strip-all "$1" "$2"; }; }
for service in "${services[@]}"; do
  strip_to "target/$target/release/$service" "$HYPOS_SERVICES/$service.elf"
done

say "root task"
bare_cargo build --release -p root-task
strip_to "target/$target/release/root-task" "$images/root-task.elf"
cmp -s "$SEL4_PREFIX/bin/kernel32.elf" "$images/kernel.elf" || cp "$SEL4_PREFIX/bin/kernel32.elf" "$images/kernel.elf"

say "examples"
examples/build.sh
say "built $images: $(stat -c '%s' "$images"/kernel.elf "$images"/root-task.elf | awk '{ n += $1 } END { print int(n / 1024) " KiB" }')"
