# Running both daemons in the foreground. Sourced by bash, after lib.sh.

# gateway_is_up CLI SOCKET: whether the control plane answers and has the dataplane.
gateway_is_up() {
	"$1" --socket "$2" --json show version 2>/dev/null | grep -q '"dataplane_connected": true'
}

# run_gateway CLI DATAPLANE CONTROLPLANE CONFIG: until one of them ends, or Ctrl-C. Says that they run when they do; the
# status is that of the one that ended first, 1 if the configuration is in error, 0 after Ctrl-C.
run_gateway() {
	local cli=$1 config=$4 said socket client dataplane controlplane up= status
	say "checking $config"
	said=$("$cli" check "$config") || return 1
	socket=$(sed -n 's/^control socket: //p' <<<"$said")
	client=$(printf '%q' "$cli")
	# Only the default is where the client looks by itself.
	[ "$socket" = /run/xfergate/xfergate.sock ] || client+=" --socket $(printf '%q' "$socket")"

	# Each daemon gets a process group of its own, so that Ctrl-C reaches this script alone: the control plane hangs its
	# calls up while the dataplane still carries them.
	set -m
	say "starting dataplane and control plane"
	"$2" -c "$config" &
	dataplane=$!
	"$3" -c "$config" &
	controlplane=$!
	# From here on what is run shares the script's group: Ctrl-C must not end at a sleep.
	set +m
	stopped=
	# shellcheck disable=SC2064
	trap "stopped=1; kill -TERM $controlplane 2>/dev/null" INT TERM
	while [ -z "$up$stopped" ] && kill -0 $dataplane 2>/dev/null && kill -0 $controlplane 2>/dev/null; do
		if gateway_is_up "$cli" "$socket"; then
			up=1
			say "the gateway is up; in another terminal: $client show calls   (Ctrl-C hangs calls up and ends it)"
		else
			sleep 0.2
		fi
	done
	# Whichever ends first takes the other with it.
	wait -n $dataplane $controlplane
	status=$?
	kill -TERM $controlplane 2>/dev/null
	while kill -0 $controlplane 2>/dev/null; do wait $controlplane 2>/dev/null; done
	kill -TERM $dataplane 2>/dev/null
	while kill -0 $dataplane 2>/dev/null; do wait $dataplane 2>/dev/null; done
	[ -n "$stopped" ] && return 0
	return $status
}
