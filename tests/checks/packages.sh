#!/bin/sh
# Every package that a script or a page tells people to install stands in scripts/packages, and nowhere else is one
# installed.
set -u
cd "${1:-.}" || exit 2
hits=$(grep -rnE 'apt(-get)? +install' --include='*' scripts tests docs README.md .ci 2>/dev/null |
	grep -vE '^(scripts/lib\.sh|tests/checks/packages\.sh):')
[ -z "$hits" ] && echo "one list of packages" && exit 0
printf 'installs outside scripts/lib.sh:\n%s\n' "$hits"
exit 1
