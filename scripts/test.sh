#!/usr/bin/env bash
# Runs all tests: style, host, in-situ on the kernel, end to end in QEMU. The last line counts them.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

passed=0
failed=0
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

# A suite prints cargo's result lines, which are added up; a suite that breaks off counts as a failure.
suite() {
  say "$*"
  local status=0 counts
  "$@" 2>&1 | tee "$log" || status=$?
  counts=$(sed -n 's/^test result: .* \([0-9]*\) passed; \([0-9]*\) failed.*/\1 \2/p' "$log" |
    awk '{ p += $1; f += $2 } END { print p + 0, f + 0 }')
  passed=$((passed + ${counts% *}))
  failed=$((failed + ${counts#* }))
  if [ $status -ne 0 ] && [ "${counts#* }" -eq 0 ]; then failed=$((failed + 1)); fi
}

scripts/setup.sh
scripts/build.sh
use_board x86_64/pc99
target/bin/kernel-config --platform "$board" --out target/sel4 >/dev/null # the debug kernel too
SEL4_PREFIX=$PWD/target/sel4/$board_id/release
export SEL4_PREFIX HYPOS_PLATFORM=$board HYPOS_SERVICES=$PWD/$images/services
scripts/unverified.sh "$board" # for the attack tests
bare_cargo build --release -p in-situ
objcopy --strip-all "target/$target/release/in-situ" "$images/in-situ.elf"

# The packages with code for the device only, which a build for the host does not look at.
mapfile -t bare < <(grep -rl --include=Cargo.toml 'target_os = "none"' root-task services tests |
  xargs sed -sn '0,/^name = /s/^name = "\(.*\)"$/\1/p')
bare_clippy() { bare_cargo clippy --release "${bare[@]/#/-p}" -- -D warnings; }
rustdoc() { RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --workspace --lib --exclude root-task; }
check "format" cargo fmt --all --check
check "clippy, host" cargo clippy --workspace --lib --tests -- -D warnings
check "clippy, device" bare_clippy
check "rustdoc" rustdoc
check "shellcheck" shellcheck -x scripts/*.sh examples/*.sh tests/proofs/*.sh .ci/run

suite cargo test --no-fail-fast --workspace --exclude hypos-tests --lib --bins --tests
suite scripts/jit-test.sh
suite cargo test --no-fail-fast -p hypos-tests
for other in $(boards); do
  [ "$other" = "$board" ] || suite scripts/board-test.sh "$other"
done
suite tests/proofs/run.sh
check "figures of cells" scripts/bench.sh cells target/bench
check "chaos, 200 injections" scripts/chaos.sh 200

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
