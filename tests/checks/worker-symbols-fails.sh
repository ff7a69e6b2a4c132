#!/bin/sh
# worker-symbols-fails.sh CHECK LIB.a [OTHER.a...]: the check of the worker's symbols passes on the library and fails when one function
# that the loop must not have is added to it.
set -eu

check=$1 lib=$2
shift 2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

"$check" "$lib" "$@" || { echo "fails on the library as it is" >&2; exit 1; }

# A thin archive's members are named by path: one that holds them itself can be moved and added to.
( cd "$(dirname "$lib")" && ar t "$(basename "$lib")" ) | while read -r member; do
	cp "$(dirname "$lib")/$member" "$dir/"
done

for body in 'int printf(const char *, ...); void f(void) { printf("%d", 1); }' \
	'void *malloc(unsigned long); void *f(void) { return malloc(1); }' \
	'int clock_gettime(int, void *); int f(void) { return clock_gettime(0, 0); }' \
	'int pthread_mutex_lock(void *); int f(void *m) { return pthread_mutex_lock(m); }' \
	'long syscall(long, ...); long f(void) { return syscall(1); }'; do
	printf '%s\n' "$body" >"$dir/extra.c"
	${CC:-cc} -fno-builtin -c -o "$dir/extra.o" "$dir/extra.c"
	rm -f "$dir/lib.a"
	ar crs "$dir/lib.a" "$dir"/*.o
	if "$check" "$dir/lib.a" "$@" 2>"$dir/err"; then
		echo "does not see: $body" >&2
		exit 1
	fi
	grep -q 'extra.o' "$dir/err" || { cat "$dir/err" >&2; echo "does not name the file" >&2; exit 1; }
done
