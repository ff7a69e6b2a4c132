#!/bin/sh
# clang-format agrees with every C and C++ file.
set -u
cd "${1:-.}" || exit 2
command -v clang-format >/dev/null || { echo "clang-format is not installed"; exit 77; }
find base config controlplane dataplane include pcap scan sound tests \( -name '*.c' -o -name '*.h' -o -name '*.cc' \) -print0 |
	xargs -0 clang-format --dry-run -Werror 2>&1 | grep -E 'error:' | sort -u | head -40 >"${TMPDIR:-/tmp}/format.$$"
if [ -s "${TMPDIR:-/tmp}/format.$$" ]; then
	cat "${TMPDIR:-/tmp}/format.$$"
	rm -f "${TMPDIR:-/tmp}/format.$$"
	echo "run: clang-format -i FILE"
	exit 1
fi
rm -f "${TMPDIR:-/tmp}/format.$$"
echo "formatted"
