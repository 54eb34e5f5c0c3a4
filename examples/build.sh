#!/bin/sh
# Builds each example into an object next to its source: examples/build.sh [NAME.bpf.c | NAME.rs ...]
# NAME.bpf.c by clang into NAME.bpf.o, NAME.rs by rustc and llvm-mc into NAME.o. Needs (Debian) clang-19,
# llvm-19, libbpf-dev and linux-libc-dev; for Rust, rustc-web and libstd-rust-web-dev-bpf.
set -eu
cd "$(dirname "$0")"

CLANG=${CLANG:-clang-19}
LLVM_MC=${LLVM_MC:-llvm-mc-19}
# Debian's rustc has the BPF target's core; the one in front of it in PATH may not.
BPF_RUSTC=${BPF_RUSTC:-/usr/bin/rustc}

need() {
    command -v "$1" >/dev/null || { echo "examples/build.sh: $1 is missing: apt install $2" >&2; exit 1; }
}

build_c() {
    need "$CLANG" "clang-19 libbpf-dev"
    # The kernel's headers want <asm/types.h>, which Debian keeps in the host's own folder.
    "$CLANG" -O2 -g -Wall -Werror -target bpf -mcpu=v3 -I"/usr/include/$(uname -m)-linux-gnu" -Iinclude \
        -c "$1" -o "${1%.c}.o"
}

build_rust() {
    need "$BPF_RUSTC" "rustc-web libstd-rust-web-dev-bpf"
    need "$LLVM_MC" llvm-19
    # Its object output is bitcode for a linker of its own; its assembly text is what clang's would be, BTF included.
    "$BPF_RUSTC" --edition 2024 --target bpfel-unknown-none -C target-cpu=v3 -C panic=abort -C opt-level=3 \
        -C debuginfo=2 --crate-type lib --emit=asm "$1" -o "${1%.rs}.s"
    "$LLVM_MC" -triple bpfel -mcpu=v3 -filetype=obj "${1%.rs}.s" -o "${1%.rs}.o"
    rm "${1%.rs}.s"
}

[ $# -gt 0 ] || set -- *.bpf.c *.rs
for source in "$@"; do
    object=${source%.*}.o
    # Nothing to do for an object that is newer than all that it is made from.
    if [ -z "$(find "$source" include build.sh -newer "$object" 2>&1)" ]; then continue; fi
    case $source in
        *.bpf.c) build_c "$source" ;;
        *.rs) build_rust "$source" ;;
        *) echo "examples/build.sh: $source: neither NAME.bpf.c nor NAME.rs" >&2; exit 1 ;;
    esac
done
