#!/usr/bin/env bash
# chaos.sh [ARCH/BOARD] [N] [--seed SEED] [--kind KIND] [--replay KIND TARGET PICK]: kills, hangs and corrupts services and programs of a
#   running system under load, N times (200), and checks after each that all is as before: tests/src/chaos/mod.rs. Prints
#   the seed, a table by kind, and for a failure how to have the same again.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

if [[ ${1:-} == */* ]]; then
  use_board "$1"
  shift
else
  use_board x86_64/pc99
fi
scripts/build.sh "$board"
use_kernel release
export HYPOS_SERVICES=$PWD/$images/services HYPOS_IMAGES=${installed:+$PWD/$images}
cargo build -q -p hypos-tests --bin chaos
exec target/debug/chaos "$@"
