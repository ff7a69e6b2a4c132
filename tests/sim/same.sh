#!/usr/bin/env bash
# same.sh PROGRAM FIRST LAST: a history is the same, byte for byte, alone and among others, with addresses randomised
# and without.
set -u
program=$1
hash_of() {
	sed -n 's/.* hash //p'
}
together=$("$program" --seeds "$2..$3" | hash_of)
fixed=$(setarch --addr-no-randomize "$program" --seeds "$2..$3" | hash_of)
alone=0
for ((seed = $2; seed <= $3; seed++)); do
	alone=$((alone ^ 16#$("$program" --seed "$seed" | hash_of)))
done
alone=$(printf '%016x' "$alone")
echo "together $together, without randomisation $fixed, each alone $alone"
[ -n "$together" ] && [ "$together" = "$fixed" ] && [ "$together" = "$alone" ]
