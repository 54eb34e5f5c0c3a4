#!/usr/bin/env bash
# Tests the compilers of eBPF for the other architectures: built for each, run by QEMU's emulation of its programs.
# Prints cargo's result lines. What can't be built here is said to be skipped, and why.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

tests=(--test conformance --test jit --test jit_distances)
status=0
for arch in aarch64 riscv64; do
  target=$(linux_target "$arch")
  if ! has_target "$target"; then
    echo "jit $arch ... skipped: there is no standard library for $target (rustup target add $target)"
    continue
  fi
  missing=$(for tool in "qemu-$arch" "$arch-linux-gnu-gcc"; do command -v "$tool" >/dev/null || echo "$tool"; done)
  if [ -n "$missing" ]; then
    echo "jit $arch ... skipped: not found: $missing (scripts/setup.sh installs it)"
    continue
  fi
  say "jit $arch"
  upper=$(tr 'a-z-' 'A-Z_' <<<"$target")
  env "CARGO_TARGET_${upper}_LINKER=$arch-linux-gnu-gcc" \
    "CARGO_TARGET_${upper}_RUNNER=qemu-$arch -L /usr/$arch-linux-gnu" \
    cargo test --no-fail-fast -p bpf-runtime --target "$target" "${tests[@]}" || status=1
done
exit $status
