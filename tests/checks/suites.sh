#!/usr/bin/env bash
# scripts/test ends with what failed: run on a small project of tests that pass, fail, fail in a case, and time out.
set -u
top=$1
. "$top/scripts/lib.sh"
. "$top/scripts/suites.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir" "$failures"' EXIT
cat >"$dir/meson.build" <<'EOF'
project('small')
sh = find_program('sh')
test('good', sh, args: ['-c', 'echo fine'], suite: 'all')
test('bad', sh, args: ['-c', 'for i in $(seq 30); do echo line-$i; done; echo last >&2; exit 1'], suite: 'all')
test('slow', sh, args: ['-c', 'echo began; exec sleep 60'], timeout: 1, suite: 'all')
test('cases', sh, args: ['-c', 'echo 1..40; echo not ok 1 first; for i in $(seq 2 40); do echo ok $i; done'],
  protocol: 'tap', suite: 'all')
test('well', sh, args: ['-c', 'exit 0'], suite: 'well')
EOF
meson setup "$dir/build" "$dir" >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
unset MESON_TESTTHREADS
wrong=0
expect() {
	grep -qxE -- "$1" "$dir/end" || { echo "missing: $1"; wrong=1; }
}
never() {
	if grep -qxE -- "$1" "$dir/end"; then echo "too much: $1"; wrong=1; fi
}
suites "$dir/build" "a title" --suite all >/dev/null 2>&1
suites "$dir/build" "another" --suite well >/dev/null 2>&1
suites "$dir/none" "no such folder" >/dev/null 2>&1
meson() { printf 'it broke\nFail: 1\n'; return 1; }
suites "$dir/none" "nothing written" >/dev/null 2>&1
unset -f meson
alone "one" by-itself sh -c 'echo its words; exit 3' >/dev/null 2>&1
alone "one" well-done true >/dev/null 2>&1
totals >"$dir/end" && { echo "what failed is not told by the return"; wrong=1; }
expect 'a title: bad: FAIL'
expect '    line-12'
never '    line-11'
expect '    last'
expect 'a title: slow: TIMEOUT'
expect '    began'
expect 'a title: cases: FAIL'
expect '    not ok 1 first'
expect 'no such folder: meson test: FAIL'
expect 'nothing written: meson test: FAIL, and no testlog.json says which'
expect '    it broke'
expect 'one: by-itself: FAIL'
expect '    its words'
never '.*(good|well|well-done).*'
[ "$(tail -n 1 "$dir/end")" = "3 passed, 6 failed, 0 skipped" ] || { echo "totals: $(tail -n 1 "$dir/end")"; wrong=1; }
[ $wrong = 0 ] || cat "$dir/end"
exit $wrong
