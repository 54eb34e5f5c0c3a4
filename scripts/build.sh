#!/usr/bin/env bash
# Builds the image of a board into target/images/ and the host programs into target/bin/.
# usage: build.sh [ARCH/BOARD] [--kernel debug|release] [--iso]
#   --iso  a hybrid image too, for disk or CD, for BIOS and UEFI, of a board that GRUB starts: target/images/*/hypos.iso
# With SEL4_PREFIX=FOLDER the seL4 that is installed there takes the place of the kernel that is built here.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

use_board x86_64/pc99
kernel=
iso=
while [ $# -gt 0 ]; do
  case $1 in
    --kernel) kernel=${2:?--kernel takes debug or release}; shift ;;
    --iso) iso=yes ;;
    -h | --help) sed -n '2,5s/^# //p' "$0"; exit ;;
    -*) die "unknown option $1; see --help" ;;
    *) use_board "$1" ;;
  esac
  shift
done
command -v cargo >/dev/null || die "no cargo; install Rust stable (https://rustup.rs)"
command -v "${tools}objcopy" >/dev/null ||
  die "no ${tools}objcopy; install Debian's package binutils${tools:+-${tools%-}}, or run scripts/setup.sh"
trap 'die "$step: failed, for the reason above; if something could not be fetched, check the network and run this again"' ERR

say "host programs"
cargo build --release -p kernel-config -p loader-image -p hypctl
cargo build --release -p bpf-runtime --example bpf-plugin
mkdir -p target/bin
for program in hypctl kernel-config loader-image examples/bpf-plugin; do
  cp -u --remove-destination "target/release/$program" target/bin/
done

if [ -n "$installed" ] && [ -n "$kernel" ]; then die "--kernel says what to build, SEL4_PREFIX not to build one"; fi
say "kernel (${installed:-${kernel:=release}})"
use_kernel "$kernel"

say "services"
mapfile -t services < <(for main in services/*/src/main.rs; do basename "${main%/src/main.rs}"; done)
bare_cargo build --release "${services[@]/#/-p}"
export HYPOS_SERVICES=$PWD/$images/services
mkdir -p "$HYPOS_SERVICES"
for service in "${services[@]}"; do
  strip_to "$device/$target/release/$service" "$HYPOS_SERVICES/$service.elf"
done

say "root task"
bare_cargo build --release -p root-task -p loader
make_image "$SEL4_PREFIX" "$device/$target/release/root-task" "$images"

if [ -n "$iso" ]; then
  [ -f "$board/grub.cfg" ] || die "--iso: GRUB does not start $board (no $board/grub.cfg)"
  command -v grub-mkrescue >/dev/null || die "no grub-mkrescue; run scripts/setup.sh"
  say "ISO"
  tree=$images/iso
  mkdir -p "$tree/boot/grub"
  multiboot=$(target/bin/kernel-config --platform "$board" --grub "$SEL4_PREFIX" --to "$tree/boot/kernel.elf")
  sed "s/@MULTIBOOT@/$multiboot/; s/@MODULE@/${multiboot/multiboot/module}/; /^#/d" "$board/grub.cfg" \
    >"$tree/boot/grub/grub.cfg"
  cp "$images/root-task.elf" "$tree/boot/"
  grub-mkrescue -o "$images/hypos.iso" "$tree" >"$images/iso.log" 2>&1 || { cat "$images/iso.log" >&2 && false; }
fi

say "examples"
examples/build.sh
say "built $images: $(image_files | xargs stat -c '%s' | awk '{ n += $1 } END { print int(n / 1024) " KiB" }')"
