#!/usr/bin/env bash
# scripts/run: which words do not go together, and with -c in which order it says and does what, run on programs that
# only pretend to be the gateway's.
set -u
top=$1
. "$top/scripts/lib.sh"
. "$top/scripts/gateway.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
wrong=0

# refused WORDS TEXT: wrong usage, told before anything is installed or built.
refused() {
	local said status
	# shellcheck disable=SC2086
	said=$("$top/scripts/run" $1 2>&1 >/dev/null)
	status=$?
	[ $status = 2 ] && grep -qF -- "$2" <<<"$said" && return 0
	echo "scripts/run $1: status $status, not 2 with '$2': $said"
	wrong=1
}
refused "--only 1 --stay" "--only and --stay do not go together"
refused "--stay --only 1" "--stay and --only do not go together"
refused "-c x --stay" "-c and --stay do not go together"
refused "-c x -c y" "-c and -c do not go together"
refused "--only" "--only needs numbers"
refused "--only x" "--only needs numbers"
refused "-c" "-c needs a file"
refused "--wat" "unknown argument '--wat'"

# The programs: what they do is written into $dir/did. The control plane has the dataplane once $dir/up is there.
program() {
	{ printf '#!/usr/bin/env bash\ncd "%s" || exit\n' "$dir"; cat; } >"$dir/$1"
	chmod 755 "$dir/$1"
}
program cli <<'EOF'
case $* in
check*) echo checked >>did; [ ! -e bad ] || { echo "bad:1: no" >&2; exit 1; }; echo "control socket: $PWD/socket" ;;
*"--socket $PWD/socket"*"show version"*) [ -e up ] && echo '{"dataplane_connected": true}' ;;
esac
EOF
program dataplane <<'EOF'
echo dataplane >>did
[ ! -e broken ] || exit 3
trap 'echo "dataplane ends" >>did; exit 0' TERM
while :; do sleep 0.1; done
EOF
program controlplane <<'EOF'
trap 'echo "controlplane ends" >>did; exit 0' TERM
sleep 0.5
echo controlplane >>did
[ -e broken ] || touch up
while :; do sleep 0.1; done
EOF
# What is said goes to the same file, so that the order is seen.
say() {
	echo "says: ${*//$dir\//}" >>"$dir/did"
}
fresh() {
	rm -f "$dir"/{did,up,bad,broken}
}
gateway() {
	run_gateway "$dir/cli" "$dir/dataplane" "$dir/controlplane" "$dir/x.yaml" 2>/dev/null
}
expect() {
	local text
	text=$(sed 's/; in another terminal.*//' "$dir/did")
	[ "$text" = "$2" ] && return 0
	printf '%s: said and did\n%s\nnot\n%s\n' "$1" "$text" "$2"
	wrong=1
}

fresh
touch "$dir/bad"
(gateway)
[ $? = 1 ] || { echo "a bad configuration is no error"; wrong=1; }
expect "a bad configuration" "says: checking x.yaml
checked"

fresh
(gateway) &
pid=$!
for _ in $(seq 100); do grep -q "is up" "$dir/did" 2>/dev/null && break; sleep 0.1; done
kill -TERM $pid
wait $pid || { echo "an end that was asked for is an error"; wrong=1; }
expect "a run" "says: checking x.yaml
checked
says: starting dataplane and control plane
dataplane
controlplane
says: the gateway is up
controlplane ends
dataplane ends"

fresh
touch "$dir/broken"
(gateway)
[ $? = 3 ] || { echo "the status of a dataplane that does not start is lost"; wrong=1; }
grep -q "is up" "$dir/did" && { echo "said to be up without a dataplane"; wrong=1; }
[ $wrong = 0 ] && echo "scripts/run says what it does, in order"
exit $wrong
