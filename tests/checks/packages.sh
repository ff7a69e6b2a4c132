#!/bin/sh
# Every package that a script installs stands in scripts/packages, and nowhere else is one
# installed.
set -u
cd "${1:-.}" || exit 2
hits=$(grep -rnE 'apt(-get)? +install' scripts .ci 2>/dev/null |
	grep -vE '^scripts/lib\.sh:')
[ -z "$hits" ] && echo "one list of packages" && exit 0
printf 'installs outside scripts/lib.sh:\n%s\n' "$hits"
exit 1
