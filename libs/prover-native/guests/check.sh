#!/usr/bin/env bash
# Checks what needs Debian's clang, lld, llvm and qemu-user: that the committed guest ELFs are what their sources build
# to, and that the executor agrees with qemu-riscv32 and with native builds. CI runs it after installing the packages.
# Usage: check.sh [number of random programs, 10000 by default]
set -euo pipefail
cd "$(dirname "$0")"
for tool in clang ld.lld llvm-strip qemu-riscv32 make cargo; do
  command -v "$tool" >/dev/null || { echo "check.sh: $tool is missing; on Debian: apt-get install clang lld llvm qemu-user make" >&2; exit 1; }
done
committed=$(mktemp -d)
trap 'rm -rf "$committed"' EXIT
cp elf/*.elf "$committed"/
make --always-make --silent all qemu host
for file in "$committed"/*.elf; do
  cmp "$file" "elf/$(basename "$file")" || { echo "check.sh: elf/$(basename "$file") is not what its source builds to" >&2; exit 1; }
done
echo "$(ls elf/*.elf | wc -l) committed ELFs are what their sources build to"
(cd .. && cargo run --release --quiet -p provefleet-zkvm-testing --bin zkvm-differential -- guests/build "${1:-10000}")

# The development command line, once through: a whole proof and one in segments.
zkvm() { (cd .. && cargo run --release --quiet -p provefleet-zkvm-cli -- "$@"); }
proof="$committed/proof"
for segments in "" "--segment-steps 200"; do
  # shellcheck disable=SC2086 # two words or none
  zkvm prove --elf guests/elf/fib_input_initial.elf --words 100,1,1 --proof "$proof" $segments
  actual=$(zkvm verify --elf guests/elf/fib_input_initial.elf --proof "$proof" | od -An -tx1)
  [[ "$actual" == *4d*31*b5*e6* ]] || { echo "check.sh: the proven output is $actual" >&2; exit 1; }
  if zkvm verify --elf guests/elf/sort.elf --proof "$proof" 2>/dev/null; then
    echo "check.sh: a proof of another program was accepted" >&2
    exit 1
  fi
done
echo "the command line proves and verifies"
