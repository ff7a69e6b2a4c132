# Shared by scripts/run, test and bench: packages, the service user, the build. Sourced by bash; $top is the project.

say() {
	printf '\033[1m== %s\033[0m\n' "$*" >&2
}

fail() {
	printf '%s: %s\n' "$0" "$*" >&2
	exit 1
}

need_root() {
	[ "$(id -u)" = 0 ] || fail "needs root: ports, network namespaces and packages. Try: sudo $0 $*"
}

# packages SECTION...: the names listed under these sections of scripts/packages.
packages() {
	local section
	for section in "$@"; do
		awk -v want="[$section]" '/^#/ || !NF {next} /^\[/ {on = $1 == want; next} on {print $1}' "$top/scripts/packages"
	done
}

# install SECTION...: installs what is missing. Services that a package brings are not started: Kamailio's would take the
# SIP port of the machine, and the lab runs its own.
install() {
	local missing=() name guard=/usr/sbin/policy-rc.d
	for name in $(packages "$@"); do
		dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
	done
	[ ${#missing[@]} = 0 ] && return 0
	[ "$(id -u)" = 0 ] || fail "packages are missing and only root can install them: ${missing[*]}"
	say "installing ${missing[*]}"
	local made=
	if [ ! -e "$guard" ]; then
		printf '#!/bin/sh\nexit 101\n' >"$guard"
		chmod 755 "$guard"
		made=1
	fi
	local log
	log=$(mktemp)
	local ok=1
	{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } \
		>"$log" 2>&1 </dev/null || ok=
	[ -n "$made" ] && rm -f "$guard"
	if [ -z "$ok" ]; then
		tail -n 30 "$log" >&2
		rm -f "$log"
		fail "apt-get could not install: ${missing[*]}"
	fi
	rm -f "$log"
}

# The control plane's user, as the example configuration names it.
service_user() {
	getent passwd xfergate >/dev/null && return 0
	say "adding the system user xfergate"
	adduser --system --group --no-create-home --home /nonexistent --quiet xfergate
}

# build DIR [meson option...]: configures once and builds $targets (all, if empty); quiet unless it fails.
build() {
	local dir=$1 log pattern=${targets-} wanted=()
	shift
	log=$(mktemp)
	say "building in ${dir#"$top"/}"
	if [ ! -f "$dir/build.ninja" ]; then
		meson setup "$dir" "$top" "$@" >"$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; fail "meson setup failed"; }
	fi
	if [ -n "$pattern" ]; then
		mapfile -t wanted < <(ninja -C "$dir" -t targets all | sed -n "s#^\\($pattern\\): .*#\\1#p")
		[ ${#wanted[@]} -gt 0 ] || fail "no build target matches $pattern"
	fi
	ninja -C "$dir" "${wanted[@]}" >"$log" 2>&1 || { grep -vE '^\[[0-9]+/' "$log" | tail -n 60 >&2; rm -f "$log"; fail "build failed"; }
	rm -f "$log"
}
