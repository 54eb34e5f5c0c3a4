#!/usr/bin/env bash
# Runs all tests: style, host, in-situ on the kernel, end to end in QEMU. The last line counts them.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

if [ -n "$installed" ]; then
  die "the tests take installed kernels in SEL4_PREFIX_X86_64, SEL4_PREFIX_AARCH64 and SEL4_PREFIX_RISCV64; unset SEL4_PREFIX"
fi
passed=0
failed=0
skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# A check is one test: it passes if its command does.
check() {
  local name=$1
  shift
  if "$@" >"$log" 2>&1; then
    passed=$((passed + 1))
    echo "check $name ... ok"
  else
    failed=$((failed + 1))
    cat "$log"
    echo "check $name ... FAILED"
  fi
}

# What can't be tested here, and why.
skip() {
  skipped=$((skipped + 1))
  echo "$1 ... skipped: $2"
}

# A suite prints cargo's result lines, which are added up, and a line for what it skips; a suite that breaks off counts
# as a failure.
suite() {
  say "$* (after $((SECONDS / 60)) min $((SECONDS % 60)) s)"
  local status=0 counts ok bad ignored
  "$@" 2>&1 | tee "$log" || status=$?
  counts=$(sed -n 's/^test result: .* \([0-9]*\) passed; \([0-9]*\) failed; \([0-9]*\) ignored.*/\1 \2 \3/p' "$log" |
    awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }')
  read -r ok bad ignored <<<"$counts"
  passed=$((passed + ok))
  failed=$((failed + bad))
  skipped=$((skipped + ignored + $(grep -c ' \.\.\. skipped: ' "$log" || true)))
  if [ $status -ne 0 ] && [ "$bad" -eq 0 ]; then failed=$((failed + 1)); fi
}

scripts/setup.sh
scripts/build.sh --iso
use_board x86_64/pc99
target/bin/kernel-config --platform "$board" --out target/sel4 >/dev/null # the debug kernel too
# The other boards' kernels meanwhile: each keeps one core busy for most of a minute. One that fails fails again, and says
# why, when its board is built.
kernels() {
  local each
  for each in $(boards); do
    local config=(--config release)
    # The tests on the kernel, which run on the first board of an architecture, take the debug kernel too.
    if [ "$each" = "$(first_board "${each%%/*}")" ]; then config=(); fi
    target/bin/kernel-config --platform "$each" "${config[@]}" --out target/sel4
  done
}
kernels >/dev/null 2>&1 &
kernels=$!
build_in_situ
export HYPOS_SERVICES=$PWD/$images/services
scripts/unverified.sh "$board" # for the attack tests

rustdoc() { RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --workspace --lib --exclude root-task; }
check "format" cargo fmt --all --check
check "clippy, host" cargo clippy --workspace --lib --tests -- -D warnings
check "clippy, device" bare_clippy
check "rustdoc" rustdoc
check "shellcheck" shellcheck -x scripts/*.sh examples/*.sh tests/proofs/*.sh .ci/run

suite cargo test --no-fail-fast --workspace --exclude hypos-tests --lib --bins --tests
# The engine as the profile `small` makes it: the interpreter's other form.
suite cargo test --no-fail-fast -p bpf-runtime --config 'profile.dev.package.bpf-runtime.opt-level="z"' \
  --test conformance --test differential --test verifier --test soundness
suite scripts/jit-test.sh
suite cargo test --no-fail-fast -p hypos-tests
wait "$kernels" || true
for other in $(boards); do
  [ "$other" = "$board" ] || suite scripts/board-test.sh "$other"
done
suite tests/proofs/run.sh
check "figures of cells" scripts/bench.sh cells target/bench
check "text of the engine" scripts/bench.sh text
check "chaos, 200 injections" scripts/chaos.sh 200
for arch in aarch64 riscv64; do
  check "chaos, 60 injections, $arch" scripts/chaos.sh "$(first_board "$arch")" 60
done

# The same system on kernels that the user installed: all that is tested of the kernel that is built here.
# The board for one: the first of its architecture; for a hypervisor's the first that starts one.
board_for() { # ARCH PREFIX
  local board
  for board in $(boards | grep "^$1/"); do
    if grep -qs '"ARM_HYPERVISOR_SUPPORT": true' "$2/libsel4/include/kernel/gen_config.json" &&
      ! grep -q 'virtualization=on' "$board/qemu"; then
      continue
    fi
    echo "$board"
    return
  done
}
for arch in x86_64 aarch64 riscv64; do
  variable=SEL4_PREFIX_${arch^^}
  if [ -z "${!variable:-}" ]; then
    skip "installed kernel, $arch" "$variable is not set"
  else
    installed_board=$(board_for "$arch" "${!variable}")
    suite env SEL4_PREFIX="${!variable}" scripts/board-test.sh "$installed_board"
    check "chaos, 60 injections, installed kernel, $arch" \
      env SEL4_PREFIX="${!variable}" scripts/chaos.sh "$installed_board" 60
  fi
done

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
