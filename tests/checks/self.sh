#!/bin/sh
# The checks can fail: each is run on a small tree with one fault in it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
bad=0
# expect CHECK FILE TEXT: the check must refuse a tree that holds FILE with TEXT, and take it without.
expect() {
	rm -rf "${tree:?}"/*
	for d in base config controlplane/core controlplane/call dataplane/fast dataplane/plane dataplane/screen include scan scripts tests docs; do mkdir -p "$tree/$d"; done
	if ! "$here/$1" "$tree" >/dev/null 2>&1; then echo "$1 refuses a clean tree"; bad=1; fi
	printf '%b' "$3" >"$tree/$2"
	if "$here/$1" "$tree" >/dev/null 2>&1; then echo "$1 does not see: $2: $3" | head -c 300; echo; bad=1; fi
}
expect boundaries.sh controlplane/call/x.c '#include "fast/worker.h"\n'
expect boundaries.sh dataplane/fast/x.c '#include "sip/message.h"\n'
expect boundaries.sh dataplane/fast/x.c '#include "plane/dplane.h"\n'
expect boundaries.sh dataplane/plane/x.c '#include "host/lcore.h"\n'
expect boundaries.sh dataplane/plane/x.c '#include <sys/socket.h>\n'
expect boundaries.sh dataplane/plane/x.c 'int f(void *p) { return getrandom(p, 1, 0); }\n'
expect boundaries.sh dataplane/screen/x.c '#include <rte_mbuf.h>\n'
expect boundaries.sh dataplane/screen/x.c '#include "fast/worker.h"\n'
expect boundaries.sh dataplane/screen/x.c 'int f(void) { return clock_gettime(0, 0); }\n'
expect boundaries.sh include/x.h '#include <rte_mbuf.h>\n'
expect boundaries.sh controlplane/core/x.c '#include "call/call.h"\n'
expect boundaries.sh controlplane/call/x.c 'int f(void) { return clock_gettime(0, 0); }\n'
expect boundaries.sh controlplane/core/x.c '#include "base/unix_listen.h"\n'
expect boundaries.sh base/x.c '#include "host/log.h"\n'
expect boundaries.sh scan/x.c '#include <rte_mbuf.h>\n'
expect boundaries.sh scan/x.c '#include "sip/message.h"\n'
expect boundaries.sh scan/x.c 'void *f(void) { return malloc(1); }\n'
expect sizes.sh config/x.c "$(yes 'int x;\n' | head -802 | tr -d '\n')"
expect packages.sh scripts/x 'apt-get install foo\n'
if command -v clang-format >/dev/null; then expect format.sh config/x.c 'int   x ;\n'; fi
for flag in -Wno-shadow -w; do
	cat >"$tree/commands" <<EOF
[{"file": "a.c", "command": "cc -Wall -Wextra $( [ $flag = -w ] && echo -Wshadow) -Wvla -Wmissing-prototypes -Werror $flag -c a.c"}]
EOF
	if python3 "$here/warnings.py" "$tree/commands" >/dev/null 2>&1; then
		echo "warnings.py does not see $flag"
		bad=1
	fi
done
[ $bad = 0 ] && echo "each check sees its fault"
exit $bad
