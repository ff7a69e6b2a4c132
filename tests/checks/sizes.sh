#!/bin/sh
# One noun a file: none over 800 lines.
set -u
cd "${1:-.}" || exit 2
long=$(find base config controlplane dataplane include pcap scan scripts sound tests -type f \
	\( -name '*.c' -o -name '*.h' -o -name '*.cc' -o -name '*.py' -o -name '*.sh' \) -exec wc -l {} + |
	awk '$2 != "total" && $1 > 800')
[ -z "$long" ] && echo "no file has more than 800 lines" && exit 0
printf 'over 800 lines, two nouns in one room:\n%s\n' "$long"
exit 1
