#!/usr/bin/env bash
# faults.sh PROGRAM TABLE: each deliberate fault is found, by its own invariant, within its number of seeds.
set -u
program=$1
table=$2
one() {
	local name=$1 invariant=$2 seeds=$3 found how=
	[ "$invariant" != memory ] || how=--memory
	found=$("$program" $how --seeds "1..$seeds" --fault "$name" --limit 1 2>&1 | grep -a -m1 -E '^seed [0-9]+: [a-z-]+: ')
	if [ -z "$found" ]; then
		echo "not ok $name: not found in $seeds seeds"
	elif [[ $found =~ ^seed\ [0-9]+:\ ($invariant):\  ]]; then
		echo "ok $name: ${found%%: *} of $seeds breaks ${BASH_REMATCH[1]}"
	else
		echo "not ok $name: $invariant was expected, and $found"
	fi
}
export -f one
export program
result=$(grep -v '^#' "$table" | xargs -P 2 -L 1 bash -c 'one "$@"' one)
echo "$result"
! grep -q '^not ok' <<<"$result" && grep -q '^ok' <<<"$result"
