#!/usr/bin/env bash
# Boots hypOS in QEMU, console in this terminal; Ctrl-A X leaves.
# usage: run.sh [ARCH/BOARD] [--detach | --stop] [-m MIB]
#   --detach  return once the system is ready, and print its control socket's path
#   --stop    end a detached system
# With SEL4_PREFIX=FOLDER the kernel is the seL4 that is installed there.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

use_board x86_64/pc99
mode=terminal
asked_memory=
while [ $# -gt 0 ]; do
  case $1 in
    --detach) mode=detach ;;
    --stop) mode=stop ;;
    -m) asked_memory=${2:?-m takes a size in MiB}; shift ;;
    -h | --help) sed -n '2,6s/^# //p' "$0"; exit ;;
    -*) die "unknown option $1; see --help" ;;
    *) use_board "$1" ;;
  esac
  shift
done
check_memory() {
  use_memory
  memory=${asked_memory:-$memory}
  [ "$memory" = "${fixed_memory:-$memory}" ] || die "the kernel of $board is built for $fixed_memory MiB"
}
# What an installed one is built for is known once there is an image of it.
if [ -z "$installed" ]; then check_memory; fi
pid_file=$run_dir/qemu.pid
socket=$run_dir/control.sock
console=$run_dir/console.log

pid=$(cat "$pid_file" 2>/dev/null || true)
# By its command line: the number alone may be another process's by now.
running() { [ -n "$pid" ] && grep -qsaF "path=$socket," "/proc/$pid/cmdline"; }

if [ $mode = stop ]; then
  running || die "hypOS is not running on $board"
  kill "$pid"
  for _ in $(seq 50); do running || break; sleep 0.1; done
  rm -f "$pid_file" "$socket"
  exit
fi

running && die "hypOS is running already on $board; end it with: scripts/run.sh $board --stop"
scripts/setup.sh
scripts/build.sh "$board"
check_memory
mkdir -p "$run_dir"
# The console of an earlier run would look like a system that is ready.
rm -f "$pid_file" "$socket" "$console"
mapfile -t qemu < <(sed "/^#/d; s|@IMAGES@|$images|" "$board/qemu")
qemu+=(-m "$memory" -display none -no-reboot
  -chardev "socket,id=control,path=$socket,server=on,wait=off")

if [ $mode = terminal ]; then
  say "console of $board (Ctrl-A X leaves)"
  exec "${qemu[@]}" -chardev stdio,id=console,mux=on,signal=off -mon chardev=console \
    -pidfile "$pid_file"
fi

nohup setsid "${qemu[@]}" -monitor none -chardev "file,id=console,path=$console" \
  -pidfile "$pid_file" >"$run_dir/qemu.log" 2>&1 </dev/null &
for _ in $(seq 300); do
  if grep -q 'hypOS ready' "$console" 2>/dev/null; then
    echo "$socket"
    exit
  fi
  kill -0 $! 2>/dev/null || break
  sleep 0.05
done
tail -n 20 "$console" "$run_dir/qemu.log" >&2 || true
kill $! 2>/dev/null || true
die "hypOS did not become ready; the end of its console is above"
