# shellcheck shell=bash disable=SC2034
# What the scripts share. Source it; it changes to the top of the tree.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Where the scripts take what cargo builds from, whatever the user's settings say.
export CARGO_TARGET_DIR=$PWD/target
# Where those for the device go, until a board and a kernel are chosen.
device=$CARGO_TARGET_DIR

# Which kernel: the user's own, installed in SEL4_PREFIX, or else the one that kernel-config builds (whose folder may stand
# in SEL4_PREFIX too, for cargo).
if [ -f "${SEL4_PREFIX:-}/.stamp" ]; then unset SEL4_PREFIX; fi
installed=${SEL4_PREFIX:-}

say() {
  step=$*
  printf '\033[1m==>\033[0m %s\n' "$step" >&2
}
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# The boards: every folder ARCH/BOARD with a platform.rs and kernel settings.
boards() {
  local file
  for file in */*/platform.rs; do
    if [ -f "${file%/*}/autoconf.h" ]; then echo "${file%/*}"; fi
  done
}

# The first board of an architecture: the one on which everything is tested.
first_board() { # ARCH
  local each
  for each in $(boards); do
    if [ "${each%%/*}" = "$1" ]; then
      echo "$each"
      return
    fi
  done
}

# Checks a board's name and sets what follows from it.
use_board() {
  board=$1
  [ -f "$board/platform.rs" ] || die "no board $board; there are: $(boards | tr '\n' ' ')"
  board_id=${board//\//-}
  case ${board%%/*} in
    x86_64) target=x86_64-unknown-none tools= ;;
    aarch64) target=aarch64-unknown-none-softfloat tools=aarch64-linux-gnu- ;;
    riscv64) target=riscv64imac-unknown-none-elf tools=riscv64-linux-gnu- ;;
    *) die "no Rust target is known for ${board%%/*}" ;;
  esac
  # What is built for an installed kernel lies apart.
  images=target/images/$board_id${installed:+-installed}
  device=$CARGO_TARGET_DIR${installed:+/installed}
  run_dir=${HYPOS_RUN:-target/run}/$board_id
}

# Sets memory to the MiB that the board is started with, and fixed_memory where its kernel is built for just so many: by its
# settings, or as kernel-config found it in an installed one, of which there are images.
use_memory() {
  if [ -n "$installed" ]; then
    fixed_memory=$(cat "$images/memory" 2>/dev/null || true)
  else
    fixed_memory=$(sed -n 's/^#define CONFIG_QEMU_RAM_MB (\([0-9]*\))$/\1/p' "$board/autoconf.h")
  fi
  memory=${fixed_memory:-64}
}

# Puts the bootable image of a kernel and a root task into a folder, as the board's qemu file expects it.
make_image() { # PREFIX ROOT_TASK FOLDER
  mkdir -p "$3"
  if [ -f "$1/bin/kernel32.elf" ]; then
    cmp -s "$1/bin/kernel32.elf" "$3/kernel.elf" || cp "$1/bin/kernel32.elf" "$3/kernel.elf"
    strip_to "$2" "$3/root-task.elf"
  else
    target/bin/loader-image --loader "$device/$target/release/loader" --kernel "$1/bin/kernel.elf" --user "$2" \
      --out "$3/image.bin"
    if [ -f "$1/memory" ]; then cp "$1/memory" "$3/"; fi
  fi
  # With its symbols, by which tests find their way in the machine's memory.
  ln -sfn "$(realpath "$1/bin/kernel.elf")" "$3/kernel.symbols"
}

# The files that the board's image consists of.
image_files() {
  sed -n "s|^@IMAGES@|$images|p" "$board/qemu"
}

# Copies a program without its symbols, if it changed.
strip_to() { # FROM TO
  cmp -s "$2.full" "$1" || { cp "$1" "$2.full" && "${tools}objcopy" --strip-all "$1" "$2"; }
}

# Builds the tests that run on the kernel itself, and an image of them for each kernel: tests/tests/in_situ.rs boots them.
build_in_situ() {
  local config configs=(debug release)
  if [ -n "$installed" ]; then configs=(installed); fi
  use_kernel release
  HYPOS_SERVICES=$PWD/$images/services bare_cargo build --release -p in-situ
  for config in "${configs[@]}"; do
    use_kernel "$config"
    make_image "$SEL4_PREFIX" "$device/$target/release/in-situ" "$images/in-situ/$config"
  done
  use_kernel release
}

# Sets SEL4_PREFIX to what is built with, for the kernel CONFIG (debug or release, unless an installed one is taken).
use_kernel() {
  local config=$1
  if [ -n "$installed" ]; then
    SEL4_PREFIX=$(target/bin/kernel-config --platform "$board" --installed "$installed" --out target/sel4)
  else
    SEL4_PREFIX=$(target/bin/kernel-config --platform "$board" --config "$config" --out target/sel4)
  fi
  export SEL4_PREFIX HYPOS_PLATFORM=$board
}

# clippy for the packages with code for the device, which a build for the host does not look at; tests/ARCH-kernel is for
# that architecture alone.
bare_clippy() {
  local packages others='^tests/[^/]*-kernel/'
  mapfile -t packages < <(grep -rl --include=Cargo.toml 'target_os = "none"' root-task services tests |
    grep -Ev "$others" | xargs sed -sn '0,/^name = /s/^name = "\(.*\)"$/\1/p')
  if [ -d "tests/${board%%/*}-kernel" ]; then packages+=("${board%%/*}-kernel"); fi
  bare_cargo clippy --release "${packages[@]/#/-p}" -- -D warnings
}

# Rust's name for Linux on an architecture.
linux_target() {
  case $1 in
    riscv64) echo riscv64gc-unknown-linux-gnu ;;
    *) echo "$1-unknown-linux-gnu" ;;
  esac
}

# Whether the compiler has core (and on systems that have it, std) for a target.
has_target() {
  [ -d "$(rustc --print sysroot 2>/dev/null)/lib/rustlib/$1/lib" ]
}

# cargo for bare targets: rustup's core library where it is installed, else Debian's toolchain, which builds core
# from source (its compiler is a stable one; the flag only allows -Zbuild-std).
bare_cargo() {
  local command=$1
  local -x CARGO_TARGET_DIR=$device
  shift
  if has_target "$target"; then
    cargo "$command" --target "$target" "$@"
  elif [ -x /usr/bin/cargo ] && [ -d /usr/lib/rustlib/src/rust/library ]; then
    PATH=/usr/lib/llvm-19/bin:$PATH RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc \
      CARGO_TARGET_X86_64_UNKNOWN_NONE_LINKER=ld.lld \
      /usr/bin/cargo "$command" -Zbuild-std=core,alloc --target "$target" "$@"
  else
    die "no Rust core library for $target; run scripts/setup.sh"
  fi
}
