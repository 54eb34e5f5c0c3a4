#!/usr/bin/env bash
# Builds a board and runs the tests that boot it in QEMU: all of them on the first board of its architecture, on the others
# those of booting.
# usage: board-test.sh ARCH/BOARD
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

use_board "${1:?usage: board-test.sh ARCH/BOARD}"
# What the caller builds for is another board.
unset SEL4_PREFIX HYPOS_SERVICES HYPOS_PLATFORM
scripts/build.sh "$board"
tests=(boot)
if [ "$board" = "$(boards | grep -m1 "^${board%%/*}/")" ]; then
  scripts/unverified.sh "$board" # for the attack tests
  tests+=(attack cells control faults hooks in_situ memory output session stress wire)
  # What there is for this architecture alone: tests/tests/ARCH_*.rs, and a root task that they boot, tests/ARCH-kernel.
  for file in "tests/tests/${board%%/*}"_*.rs; do
    [ ! -f "$file" ] || tests+=("$(basename "$file" .rs)")
  done
  build_in_situ
  HYPOS_SERVICES=$PWD/$images/services bare_clippy
  if [ -d "tests/${board%%/*}-kernel" ]; then bare_cargo build --release -p "${board%%/*}-kernel"; fi
fi
HYPOS_PLATFORM=$board cargo test --no-fail-fast -p hypos-tests "${tests[@]/#/--test=}"
