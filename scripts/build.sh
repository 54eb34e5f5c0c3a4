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
command -v "${tools}objcopy" >/dev/null || die "no ${tools}objcopy; install it by scripts/setup.sh"
trap 'die "$step: failed, for the reason above; if something could not be fetched, check the network and run this again"' ERR

say "host programs"
cargo build --release -p kernel-config -p loader-image -p hypctl
cargo build --release -p bpf-runtime --example bpf-plugin
mkdir -p target/bin
for program in hypctl kernel-config loader-image examples/bpf-plugin; do
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
for service in "${services[@]}"; do
  strip_to "target/$target/release/$service" "$HYPOS_SERVICES/$service.elf"
done

say "root task"
bare_cargo build --release -p root-task -p loader
make_image "$SEL4_PREFIX" "target/$target/release/root-task" "$images"

say "examples"
examples/build.sh
say "built $images: $(image_files | xargs stat -c '%s' | awk '{ n += $1 } END { print int(n / 1024) " KiB" }')"
