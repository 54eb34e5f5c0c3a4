#!/usr/bin/env bash
# Builds a board and runs the tests that boot it in QEMU: all of them on the first board of its architecture, on the others
# those of booting. With SEL4_PREFIX=FOLDER all of them, on the seL4 that is installed there.
# usage: board-test.sh ARCH/BOARD [TEST...]   TEST: one of tests/tests, to run those alone
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

use_board "${1:?usage: board-test.sh ARCH/BOARD [TEST...]}"
shift
# What the caller builds for is another board.
unset HYPOS_SERVICES HYPOS_PLATFORM HYPOS_IMAGES
arch=${board%%/*}
everything=${installed:+yes}
if [ "$board" = "$(first_board "$arch")" ]; then everything=yes; fi

tests=(boot)
if [ -n "$everything" ]; then
  tests+=(attack cells control faults hooks in_situ input memory output session stress wire)
  if [ -f "$board/grub.cfg" ]; then tests+=(iso); fi
  # What there is for this architecture alone: tests/tests/ARCH_*.rs, and a root task that they boot, tests/ARCH-kernel,
  # which checks the layer of the kernel that is built here.
  for file in "tests/tests/$arch"_*.rs; do
    name=$(basename "$file" .rs)
    if [ -n "$installed" ] && [ "$name" = "${arch}_kernel" ]; then
      echo "$name ... skipped: it checks what kernel-config/overlay/$arch adds to the kernel that is built here"
    elif [ -f "$file" ]; then
      tests+=("$name")
    fi
  done
fi
if [ $# -gt 0 ]; then tests=("$@"); fi

options=()
if [[ " ${tests[*]} " == *" iso "* ]]; then options=(--iso); fi
SEL4_PREFIX=$installed scripts/build.sh "$board" "${options[@]}"
if [ -n "$everything" ]; then
  SEL4_PREFIX=$installed scripts/unverified.sh "$board" # for the attack tests
  build_in_situ
  # Style is that of the source, whichever the kernel.
  if [ -z "$installed" ]; then HYPOS_SERVICES=$PWD/$images/services bare_clippy; fi
  if [ -z "$installed" ] && [ -d "tests/$arch-kernel" ]; then bare_cargo build --release -p "$arch-kernel"; fi
fi
if [ -n "$installed" ]; then export HYPOS_IMAGES=$PWD/$images; fi
HYPOS_PLATFORM=$board cargo test --no-fail-fast -p hypos-tests "${tests[@]/#/--test=}"
