#!/bin/sh
# determinism.sh WRITER TOOL [OTHER_TOOL]...
# Replays give the same bytes: run again, with address randomisation on and off, and by tools of other builds
# (optimised otherwise, with sanitizers). One that cannot be played is no replay.
set -eu
writer=$1
first=$2
shift
# they are called from another folder
for tool; do
	shift
	set -- "$@" "$(realpath "$tool")"
done
dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
export SCENE_PASSWORD=secret
"$writer" "$dir"
cd "$dir"
wanted_gateway='' wanted_as=''

# check NAME COMMAND...
check() {
	name=$1
	shift
	"$@" call.pcap -c config.yaml --ladder -o gateway.pcap >gateway.txt || [ $? -eq 3 ]
	"$@" direct.pcap -c config.yaml --as caller=10.0.0.5@carrier,callee=10.0.0.9@bot \
		--at 3s transfer 1 --plan sales --ladder --report as.json -o as.pcap >as.txt || [ $? -eq 3 ]
	gateway=$(cat gateway.pcap gateway.txt | sha256sum)
	as=$(cat as.pcap as.txt as.json | sha256sum)
	: "${wanted_gateway:=$gateway}" "${wanted_as:=$as}"
	if [ "$gateway" != "$wanted_gateway" ] || [ "$as" != "$wanted_as" ]; then
		echo "determinism: $name differs from the first run of $first" >&2
		exit 1
	fi
	rm gateway.* as.*
}

for tool; do
	check "$tool" "$tool"
	check "$tool, again" "$tool"
	if setarch -R true 2>/dev/null; then
		check "$tool, without address randomisation" setarch -R "$tool"
	else
		echo "setarch -R is not allowed here: left out"
	fi
done
echo "the same bytes $(($# * 3)) times"
