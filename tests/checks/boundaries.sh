#!/bin/sh
# The planes meet in include/ only: neither includes the other, only the dataplane sees DPDK, only sip/message.c sees
# libosip2, and each folder of the control plane sees the ones before it in controlplane/meson.build, never those after.
set -u
cd "${1:-.}" || exit 2
bad=0
# forbid PATTERN WHY PATH...
forbid() {
	pattern=$1 why=$2
	shift 2
	hits=$(grep -rnE --include='*.c' --include='*.h' --include='*.cc' "$pattern" "$@" 2>/dev/null)
	[ -z "$hits" ] && return
	printf '%s:\n%s\n' "$why" "$hits"
	bad=1
}
# headers FOLDER: "plane/NAME" of its headers as a pattern. Both planes have a folder plane/.
headers() {
	names=$(cd "$1" 2>/dev/null && ls -- *.h 2>/dev/null | sed 's/\./\\./' | paste -sd'|')
	printf 'plane/(%s)"' "${names:-none}"
}
forbid '#include [<"]((\.\./)*dataplane|fast|host)/' 'the control plane includes the dataplane' controlplane config include scan
forbid "#include \"$(headers dataplane/plane)" 'the control plane includes the dataplane' controlplane config include
forbid '#include [<"]((\.\./)*controlplane|core|sip|policy|media|call|api|daemon|cli)/' \
	'the dataplane or a contract includes the control plane' dataplane config include scan
forbid "#include \"$(headers controlplane/plane)" 'the dataplane or a contract includes the control plane' \
	dataplane config include
forbid '#include "(plane|host)/' 'fast/ includes what comes after it' dataplane/fast
forbid '#include [<"](rte_|fast/|plane/|host/)' 'screen/ is a library of its own, without DPDK' dataplane/screen
forbid '#include "host/' 'plane/ includes the daemon' dataplane/plane
forbid '#include "plane/([a-ce-z]|d[a-oq-z])' 'the daemon includes more of plane/ than dplane.h' dataplane/host
forbid '#include <(sys/socket|sys/epoll|sys/random|libmnl/.*|pthread|time|rte_cycles|rte_ethdev)\.h>' \
	'the plane has a clock, socket, thread, port or randomness of its own' dataplane/plane
forbid '#include <rte_' 'DPDK outside the dataplane' base controlplane config include scan sound
forbid '#include "base/' 'more than the daemons includes base/' config include scan sound dataplane/fast dataplane/screen \
	dataplane/plane controlplane/core controlplane/policy controlplane/sip controlplane/media controlplane/call controlplane/api \
	controlplane/plane controlplane/cli
forbid '#include [<"](xfergate|fast|plane|host|screen|config|core|daemon)/' 'base/ is a library of its own' base
forbid '#include "(fast|plane|host|screen|config|scan)/' 'sound/ is a library of its own' sound
forbid '#include <(sndfile|spandsp)' 'libsndfile and spandsp outside sound/' controlplane config include scan dataplane
forbid '#include <(osipparser2|osip2)/' 'libosip2 outside sip/message' \
	controlplane/core controlplane/policy controlplane/media controlplane/call controlplane/api controlplane/plane \
	controlplane/daemon controlplane/cli dataplane include config scan
forbid '#include <(stdio|stdlib|strings|ctype|locale|errno)\.h>|\b(malloc|calloc|free|strdup)\(' \
	'the scan of SIP messages allocates, prints or asks for the locale' scan
# Planes without clock, socket or thread: those are in the daemons.
forbid '\b(clock_gettime|gettimeofday|time\(NULL\)|getrandom|rand\(|pthread_create|socket\(|recvfrom|sendto)\b' \
	'a plane has a clock, socket, thread or randomness of its own' \
	controlplane/core controlplane/policy controlplane/sip controlplane/media controlplane/call controlplane/api \
	controlplane/plane dataplane/fast dataplane/plane dataplane/screen scan
later='core policy sip media call api plane daemon cli'
for folder in core policy sip media call api plane; do
	later=${later#"$folder "}
	for other in $later; do
		forbid "#include \"$other/" "$folder/ includes $other/, which comes after it" "controlplane/$folder"
	done
done
[ $bad = 0 ] && echo "boundaries hold"
exit $bad
