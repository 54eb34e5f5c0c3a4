#!/usr/bin/env bash
# Builds the image of attack tests into target/images/BOARD-unverified/: its agent believes every program and takes
# machine code for programs, its root task builds a cell again however often it is stopped. Never for a device.
# usage: unverified.sh [ARCH/BOARD], after build.sh, with the same SEL4_PREFIX
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

use_board "${1:-x86_64/pc99}"
unverified=$images-unverified
use_kernel release

say "agent and root task that believe everything, for attack tests"
mkdir -p "$unverified/services"
cp "$images"/services/*.elf "$unverified/services/"
rm -f "$unverified/services/agent.elf.full" # What it is the source of was just written over.
bare_cargo build --release -p agent --features agent/unverified
strip_to "$device/$target/release/agent" "$unverified/services/agent.elf"
HYPOS_SERVICES=$PWD/$unverified/services bare_cargo build --release -p root-task --features root-task/unverified
make_image "$SEL4_PREFIX" "$device/$target/release/root-task" "$unverified"
# What lies in the build folder under these names is the product's again.
bare_cargo build --release -p agent
HYPOS_SERVICES=$PWD/$images/services bare_cargo build --release -p root-task
say "built $unverified"
