# Running meson's tests suite by suite and adding up what comes of them. Sourced by bash, after lib.sh.

passed=0
failed=0
skipped=0
failures=$(mktemp)
# What failed is told even if a later build ends the script.
trap 'tell_failures; rm -f "$failures"' EXIT

# failed_tests LOG TITLE: the name of each test in meson's testlog.json that failed or timed out, and the end of its own output.
failed_tests() {
	python3 - "$@" <<'EOF'
import json
import sys

log, title = sys.argv[1:]
LAST = 20
for line in open(log, encoding="utf-8", errors="replace"):
    test = json.loads(line)
    if test["result"] in ("OK", "SKIP", "EXPECTEDFAIL"):
        continue
    lines = ((test.get("stdout") or "") + (test.get("stderr") or "")).splitlines()
    # Of many cases in one program the one that failed may stand far above the end.
    cases = [line for line in lines[:-LAST] if line.startswith("not ok")][:LAST]
    print(f"{title}: {test['name'].rpartition(' / ')[2]}: {test['result']}")
    for text in cases + lines[-LAST:]:
        print("    " + text)
EOF
}

# suites DIR TITLE ARGUMENT...: runs meson's tests and adds up their results.
suites() {
	local dir=$1 title=$2 json=$1/meson-logs/testlog.json log
	shift 2
	say "$title"
	log=$(mktemp)
	rm -f "$json"
	meson test -C "$dir" --no-rebuild --print-errorlogs "$@" 2>&1 | tee "$log"
	local rc=${PIPESTATUS[0]} n
	for n in $(sed -nE 's/^(Ok|Expected Fail): +([0-9]+).*/\2/p' "$log"); do passed=$((passed + n)); done
	for n in $(sed -nE 's/^(Fail|Unexpected Pass|Timeout): +([0-9]+).*/\2/p' "$log"); do failed=$((failed + n)); done
	for n in $(sed -nE 's/^Skipped: +([0-9]+).*/\1/p' "$log"); do skipped=$((skipped + n)); done
	if [ "$rc" != 0 ] && ! grep -qE '^(Fail|Unexpected Pass|Timeout): +[1-9]' "$log"; then
		alone_failed "$title" "meson test" "$log"
	elif [ -e "$json" ]; then
		failed_tests "$json" "$title" >>"$failures"
	elif [ "$rc" != 0 ]; then
		tell_end "$title: meson test: FAIL, and no testlog.json says which" "$log"
	fi
	rm -f "$log"
}

# alone_failed TITLE NAME LOG: counts what failed beside meson's tests.
alone_failed() {
	failed=$((failed + 1))
	tell_end "$1: $2: FAIL" "$3"
}

# tell_end WHAT LOG: notes what failed, with the end of its log.
tell_end() {
	{
		echo "$1"
		tail -n 20 "$2" | sed 's/^/    /'
	} >>"$failures"
}

# alone TITLE NAME COMMAND...: runs one test that is not meson's.
alone() {
	local title=$1 name=$2 log
	shift 2
	say "$title"
	log=$(mktemp)
	"$@" 2>&1 | tee "$log"
	if [ "${PIPESTATUS[0]}" = 0 ]; then
		passed=$((passed + 1))
	else
		alone_failed "$title" "$name" "$log"
	fi
	rm -f "$log"
}

# tell_failures: what failed so far, once.
tell_failures() {
	[ -s "$failures" ] || return 0
	echo
	echo "Failed:"
	cat "$failures"
	: >"$failures"
}

# totals: what failed, where people look for it, and the figures; false if anything failed or nothing ran.
totals() {
	tell_failures
	echo
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
