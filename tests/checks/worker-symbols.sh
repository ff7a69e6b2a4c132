#!/bin/sh
# worker-symbols.sh LIB.a...: the worker's loop calls nothing that could block, log, allocate, or ask for the time.
#
# What the libraries need from outside must be in the list below: memory moves, what the compiler puts in by itself, and
# what DPDK's inline functions for packets and rings leave. A printf, a malloc, a clock, a lock or a system call is not.
set -eu

[ $# -ge 1 ] || { echo "usage: worker-symbols.sh LIB.a..." >&2; exit 2; }
for lib; do
	[ -r "$lib" ] || { echo "$lib: cannot be read" >&2; exit 2; }
done

allowed='
memcpy memmove memset memcmp
__memcpy_chk __memmove_chk __memset_chk
__stack_chk_fail _GLOBAL_OFFSET_TABLE_ __tls_get_addr
rte_mempool_ops_table per_lcore__lcore_id __rte_panic
rte_hash_lookup
hs_scan
__cpu_model
__asan_* __ubsan_* __tsan_* __sanitizer_* __gcov_* __llvm_profile_*
'

defined=$(nm -g --defined-only "$@" | awk 'NF == 3 { print $3 }' | sort -u)
undefined=$(nm -u "$@" | awk 'NF == 2 && ($1 == "U" || $1 == "w") { print $2 }' | sort -u)
[ -n "$defined" ] || { echo "$1: defines nothing; is it the worker library?" >&2; exit 1; }

bad=
for symbol in $undefined; do
	if printf '%s\n' "$defined" | grep -qxF -- "$symbol"; then
		continue
	fi
	ok=
	set -f
	for pattern in $allowed; do
		# shellcheck disable=SC2254 # patterns are meant as such
		case $symbol in
		$pattern) ok=1 ;;
		esac
	done
	set +f
	[ -n "$ok" ] || bad="$bad $symbol"
done

for symbol in $bad; do
	users=$(nm -A -u "$@" | awk -v s="$symbol" '$NF == s { print $1 }' | sed 's/:*$//; s/.*[:/]//' | sort -u | tr '\n' ' ')
	echo "$1: the worker's loop must not use $symbol (in $users)" >&2
done
[ -z "$bad" ]
