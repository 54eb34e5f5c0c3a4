#!/usr/bin/env bash
# Installs what building and testing needs on Debian 12 with Rust stable. A second run finds all and does nothing.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

# What for: the kernels; QEMU (with the firmware of its RISC-V machines) and checks; images that boot from disk or CD; programs in C (and their headers); programs in Rust, whose eBPF target rustup
# lacks; tests of the code for other architectures.
packages=(
  gcc libc6-dev make binutils python3 python3-venv libxml2-utils ca-certificates
  gcc-aarch64-linux-gnu
  qemu-system-x86 qemu-system-arm qemu-system-misc opensbi shellcheck
  grub-common grub-pc-bin grub-efi-amd64-bin xorriso mtools ovmf
  clang-19 llvm-19 libbpf-dev linux-libc-dev
  rustc-web libstd-rust-web-dev-bpf
  qemu-user libc6-dev-arm64-cross gcc-riscv64-linux-gnu libc6-dev-riscv64-cross
)
# Only where rustup can't bring core for bare targets.
fallback=(cargo-web rust-web-src lld-19)

missing() { # Those of the named packages that are not installed.
  local package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
  done
}

install() {
  local list root=()
  mapfile -t list < <(missing "$@")
  [ ${#list[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || die "these packages are missing and there is no apt-get: ${list[*]}"
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "run as root: apt-get install ${list[*]}"
    root=(sudo)
  fi
  say "installing ${list[*]}"
  "${root[@]}" apt-get update -qq || die "Debian's package lists can't be fetched; check the network, then run this again"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${list[@]}" >/dev/null ||
    die "apt-get could not install: ${list[*]}"
}

command -v cargo >/dev/null || die "no cargo; install Rust stable (https://rustup.rs), then run this again"
install "${packages[@]}"
for board in $(boards); do
  use_board "$board"
  if has_target "$target"; then continue; fi
  say "adding Rust's core library for $target"
  if [ -n "${HYPOS_NO_RUSTUP:-}" ] || ! rustup target add "$target"; then
    say "rustup can't; taking Debian's toolchain"
    install "${fallback[@]}"
  fi
done
for arch in aarch64 riscv64; do
  target=$(linux_target $arch)
  if has_target "$target" || [ -n "${HYPOS_NO_RUSTUP:-}" ]; then continue; fi
  say "adding Rust's standard library for $target"
  rustup target add "$target" || say "rustup can't: the tests of the code for $arch will be skipped"
done
