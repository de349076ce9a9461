# SPDX-License-Identifier: GPL-2.0-or-later
# What every test sources first:   . "${0%/*}/../lib.sh"
#
# It runs in any POSIX sh; inside the VM that is busybox's, with no other program but busybox,
# bpftools and the two of test/tools. A test runs under "set -eu": a workload that fails unforeseen
# ends it, as a failure. Results go to the original stdout, one line a case, read by test/run;
# whatever the test itself prints goes to stderr.
#
# A test file may say in comments among its first ten lines:
#	# needs: root		it is of ring 3 and is skipped without root
#	# ring: 2		its ring, where that is not 1 or 3
#	# timeout: 120		seconds for all of it, 60 when not said
#	# alone: WORD		tests run side by side, but those of the same WORD (disk, cpu) one at a
#				time; with "yes" nothing else runs meanwhile. As others may run, the names
#				that workloads take (work -c NAME) are $ME, or in this file only: w_TEST.
#
# Within a test:
#	case_ NAME		begins a case; each is reported and counted on its own. A case in
#				which nothing is expected fails: a test that cannot fail is none.
#	tool NAME ARGS...	starts the applet with JSON going to $T/out, returns once it is
#				attached
#	tool_text NAME ARGS...	the same with text
#	attached PROG		is that program in use by the tool now running, or run last?
#	finish [STATUS]		ends it with SIGINT; it must exit with STATUS (0), leave no process
#				behind, and its output must be valid JSON Lines
#	ended [STATUS]		the same for a tool that has to end by itself: no SIGINT is sent
#	run ARGS...		runs bpftools to its end: $T/out, $T/err, $status
#	hold ARGS...		starts the workload "work ARGS", held back before its verb; its pid
#				is $held
#	release [STATUS]	lets it go and waits for its end; what it printed is in $T/work.out
#	await N COND...		waits, while the tool runs, until N lines match
#	nap MS			sleeps
#	get PATH COND...	prints the values at PATH of the matching lines
#	disk_dir DIR		makes a folder, in the VM on a disk ($DISK, other files are in memory there) that
#				all tests share: name what is put there with $ME, then it goes with the test
#	own_work		a copy of $WORK, $own: for uprobes, which see all processes of a file
#	skip_here REASON	ends the test as skipped; test/skips has to list that
# Expectations, after finish, ended or run (COND as in tools/jsonq.c); they always return 0:
#	expect_count N COND...		exactly N lines match; without COND: of all but those that tell of loss
#	expect_min N COND...		at least N
#	expect_none COND...		none
#	expect_all N COND...		N lines, or fewer by what the tool tells as lost
#	expect_no_loss			the tool told no loss, but for runs that the kernel skipped: kernels
#				that preempt a program skip those of other tasks meanwhile, and where that was
#				one of the workload its values tell
#	expect_sum N PATH COND...	the numbers at PATH of the matching lines add up to N
#	expect_range LO HI PATH COND...	to a sum from LO to HI
#	expect_status N			the exit status
#	expect_err TEXT			one line on stderr has TEXT; after run, it is the only line
#	expect_text REGEX		a line of the output matches the extended expression
#	expect_no_text REGEX		no line does
#	expect_equal WHAT WANTED GOT	any two words
#
# In the hard environments of test/place the tools are given --btf $BPFTOOLS_BTF if that is set.
# Set for the test: $T, an empty directory of its own; $WORK, the workloads; $ME, a name for "work -c"
# that no other test uses; $DISK, in the VM a disk with an ext4 file
# system to be mounted (other files are in memory there), $RAW_DISK one to write on as it is, else empty;
# $TEST_ENV; $SLOW, by which every time limit is multiplied (an emulated CPU is slow).

set -eu
LC_ALL=C
export LC_ALL

t_dir=$(cd "${0%/*}/.." && pwd)
t_test=${0%.test}
t_test=$(basename "${t_test%/*}")/${t_test##*/}
[ "${0%/*}" != . ] || t_test=$(basename "$PWD")/${t_test##*/}

t_absolute() {
	case $1 in
	/*) echo "$1" ;;
	*) echo "$PWD/$1" ;;
	esac
}

TEST_BIN=${TEST_BIN:-$t_dir/../build/test}
BPFTOOLS=$(t_absolute "${BPFTOOLS:-$t_dir/../bpftools}")
WORK=$(t_absolute "${WORK:-$TEST_BIN/work}")
JSONQ=$(t_absolute "${JSONQ:-$TEST_BIN/jsonq}")
SLOW=${SLOW:-1}
t_limit=$((${TEST_LIMIT:-30} * SLOW)) # seconds to attach, and to end after SIGINT
export BPFTOOLS WORK JSONQ SLOW

# The name under which test/skips lists what may be skipped here: the kernel's version, after the
# machine where that is not x86-64, with the hard environments of test/vm behind it. A kernel with
# kprobes announces them as a kind of perf event (Linux 4.17).
if [ -z "${TEST_ENV:-}" ]; then
	TEST_ENV=$(uname -mr | sed 's/^\([0-9]*\.[0-9]*\)[^ ]* \(.*\)/\2\/\1/; s/^x86_64.//; s/^aarch64/arm64/; s/^armv[^/]*/armhf/')
	[ -e /sys/bus/event_source/devices/kprobe ] || TEST_ENV=host-noprobes
	TEST_ENV=$TEST_ENV${TEST_PLACE:-}
fi
export TEST_ENV

ME=t$$
DISK= RAW_DISK= t_disk=
[ ! -e /vm/command ] || DISK=/dev/vda RAW_DISK=/dev/vdb

T=$(mktemp -d "${TEST_TMP:-${TMPDIR:-/tmp}}/test.XXXXXX")
chmod 777 "$T" # workloads under another user id have to get at its files, tools may run as one

# Failures and checks are counted in files, so that those made in a subshell are not lost.
: >"$T/diag"
: >"$T/checks"
t_case= t_reported= t_failed= t_stopped= t_skip= t_pid= t_name= t_mode= t_held= t_tailed=
status= held=

exec 3>&1 1>&2
trap t_end EXIT

# Text from elsewhere without what a terminal would obey (in octal: busybox's tr may lack classes)
t_harmless() {
	tr -c '\011\012\040-\176' '?'
}

t_tail() {
	[ -s "$2" ] || return 0
	echo "      the end of $1:"
	tail -n 12 "$2" | sed 's/^/        /'
}

# fail WHAT EXPECTED GOT
fail() {
	{
		printf '    %s\n' "$t_test.test: $1" "  expected: $2" "  got:      $3"
		if [ -z "$t_tailed" ]; then
			t_tail out "$T/out"
			t_tail err "$T/err"
		fi
	} | t_harmless >>"$T/diag"
	t_tailed=1
}

# After a failure that leaves nothing to go on with
t_stop() {
	t_stopped=1
	exit 1
}

t_report() {
	echo "$1 $t_test${t_case:+: $t_case}" >&3
	cat "$T/diag" >&3
	t_reported=1
	[ "$1" = ok ] || t_failed=1
}

t_case_end() {
	if [ -n "$t_pid" ]; then
		fail "$t_name was left running" "finish or ended" "neither"
		t_kill
	fi
	if [ ! -s "$T/diag" ] && [ ! -s "$T/checks" ]; then
		[ -n "$t_case" ] || return 0
		fail "nothing was checked" "at least one expectation" "none"
	fi
	if [ -s "$T/diag" ]; then
		t_report "not ok"
	else
		t_report ok
	fi
	: >"$T/diag"
	: >"$T/checks"
}

case_() {
	t_case_end
	t_case=$1 t_tailed=
}

# Is a skip for this reason listed for this environment?
t_skip_listed() {
	while read -r t_env t_of t_reason; do
		# shellcheck disable=SC2254 # a pattern
		case $TEST_ENV in
		$t_env) ;;
		*) continue ;;
		esac
		[ "$t_of" = "$t_test" ] && [ -n "$t_reason" ] || continue
		case $1 in
		*"$t_reason"*) return 0 ;;
		esac
	done <"$t_dir/skips"
	return 1
}

skip_here() {
	echo "$*" | t_harmless | tr '\n' ' ' | sed 's/ *$//' >"$T/skip"
	exit 77
}

# whole_types: in the environment nobtf the tests of a language need all types of the kernel, not the
# few of the other tools.
whole_types() {
	[ -z "${BPFTOOLS_BTF:-}" ] || BPFTOOLS_BTF=$BPFTOOLS_WHOLE_BTF
}

# first_pidns: is this the machine's first pid namespace, whose pids the kernel's own structures have?
first_pidns() {
	[ "$(stat -Lc %i /proc/self/ns/pid)" = 4026531836 ] # PROC_PID_INIT_INO
}

# sees_others: where the tool has no right to look at what other programs hold, the test is skipped.
sees_others() {
	case ${TEST_PLACE:-} in
	*caps*) skip_here "needs CAP_SYS_ADMIN" ;;
	esac
}

t_skipped() {
	t_skip=$(cat "$T/skip")
	if [ -s "$T/diag" ]; then
		t_report "not ok"
	fi
	t_case=
	if t_skip_listed "$t_skip"; then
		echo "skip $t_test: $t_skip" >&3
		t_reported=1
		return
	fi
	: >"$T/diag"
	fail "skipped, which test/skips does not foresee for $TEST_ENV" "a run" "$t_skip"
	t_report "not ok"
}

t_kill() {
	kill -9 -"$t_pid" "$t_pid" 2>/dev/null || :
	wait "$t_pid" 2>/dev/null || :
	t_pid=
}

disk_dir() {
	mkdir "$1"
	[ -n "$DISK" ] || return 0
	mount -t ext4 "$DISK" "$1"
	t_disk=$1
}

own_work() {
	own=$T/work
	cp "$WORK" "$own"
}

t_end() {
	t_status=$?
	trap - EXIT
	set +e
	if [ -e "$T/skip" ]; then
		[ -z "$t_pid" ] || t_kill
		t_skipped
	else
		[ "$t_status" = 0 ] || [ -n "$t_stopped" ] ||
			fail "the test ended early" "status 0" "status $t_status"
		t_case_end
		if [ -z "$t_reported" ]; then
			fail "nothing was checked" "at least one expectation" "none"
			t_report "not ok"
		fi
	fi
	[ -z "$t_held" ] || kill -9 "$t_held" 2>/dev/null
	if [ -n "$t_disk" ]; then
		rm -rf "$t_disk"/*"$ME"*
		umount "$t_disk"
	fi
	rm -rf "$T"
	[ -z "$t_failed" ] || exit 1
	[ -z "$t_skip" ] || exit 77
	exit 0
}

nap() {
	"$WORK" sleep "$1" 1
}

# Both are asked in loops, so they start no program: that is slow on an emulated CPU.
t_deadline() {
	read -r t_until t_rest </proc/uptime
	t_until=$((${t_until%.*} + t_limit))
}

t_late() {
	read -r t_now t_rest </proc/uptime
	[ "${t_now%.*}" -ge "$t_until" ]
}

# A process that has ended but was not waited for yet still takes signals: ask for its state.
t_alive() {
	t_stat=
	{ read -r t_stat <"/proc/$1/stat"; } 2>/dev/null || return 1
	t_stat=${t_stat##*) }
	case $t_stat in
	'' | Z* | X*) return 1 ;;
	esac
}

t_prepare() {
	if [ -n "$t_pid" ]; then
		fail "$t_name was left running" "finish or ended" "neither"
		t_stop
	fi
	if [ ! -x "$BPFTOOLS" ]; then
		fail "the program under test" "an executable file" "$BPFTOOLS is none"
		t_stop
	fi
	rm -f "$T/out" "$T/err"
	: >"$T/err"
	t_tailed= status=
}

tool() {
	t_format=--json
	t_start "$@"
}

tool_text() {
	t_format=
	t_start "$@"
}

attached() {
	grep -q "^$t_name: attached $1 " "$T/err"
}

t_start() {
	t_prepare
	t_name=$1 t_mode=tool
	shift
	"$WORK" run "$BPFTOOLS" "$t_name" $t_format --verbose --output "$T/out" \
		${BPFTOOLS_BTF:+--btf "$BPFTOOLS_BTF"} "$@" \
		</dev/null >/dev/null 2>"$T/err" 3>&- 4>&- &
	t_pid=$!
	t_deadline
	# Alive is asked before ready: what was ready and has ended since is found by the grep.
	while :; do
		t_alive "$t_pid" && t_lives=1 || t_lives=
		if grep -q "^$t_name: ready" "$T/err"; then
			# for test/run --records
			[ -z "${TEST_TMP:-}" ] || sed -n 's,.*: attached [^ ]* (\([^/)]*\).*,\1,p' \
				"$T/err" >>"$TEST_TMP/modes"
			return 0
		fi
		if [ -z "$t_lives" ]; then
			status=0
			wait "$t_pid" || status=$?
			t_pid=
			[ "$status" != 77 ] || skip_here "$(tail -n 1 "$T/err")"
			fail "tool $t_name" "attached" "exit status $status"
			t_stop
		fi
		if t_late; then
			t_kill
			fail "tool $t_name" "attached within $t_limit s" "still not ready"
			t_stop
		fi
		nap 20
	done
}

# Wait for the tool's end, $t_limit seconds at most, and look at what it leaves behind.
t_collect() {
	t_want=$1
	"$WORK" killafter $((t_limit * 1000)) "$t_pid" 3>&- 4>&- &
	t_dog=$!
	status=0
	wait "$t_pid" 2>/dev/null || status=$?
	kill -9 "$t_dog" 2>/dev/null || :
	wait "$t_dog" 2>/dev/null || :
	if [ "$status" = 137 ]; then
		fail "the end of $t_name" "within $t_limit s" "killed"
	elif [ "$status" != "$t_want" ]; then
		fail "exit status of $t_name" "$t_want" "$status"
	fi
	# It leads a process group of its own; a zombie in there takes a moment to be gone.
	t_tries=0
	while kill -0 -"$t_pid" 2>/dev/null; do
		if [ $((t_tries += 1)) -gt 50 ]; then
			fail "processes that $t_name left behind" "none" "some"
			kill -9 -"$t_pid" 2>/dev/null || :
			break
		fi
		nap 20
	done
	t_pid=
	if [ -e "$T/out" ]; then
		[ -z "$t_format" ] || "$JSONQ" check "$T/out" 2>"$T/why" ||
			fail "output of $t_name" "valid JSON Lines" "$(cat "$T/why")"
	elif [ "$t_want" = 0 ]; then
		fail "output of $t_name" "a file" "none was written"
	fi
}

finish() {
	t_running finish || return 0
	kill -INT "$t_pid" 2>/dev/null || :
	t_collect "${1:-0}"
}

ended() {
	t_running ended || return 0
	t_collect "${1:-0}"
}

t_running() {
	[ -z "$t_pid" ] || return 0
	fail "$1" "a tool that was started" "none"
	return 1
}

run() {
	t_prepare
	t_name=$1 t_mode=run
	status=0
	case $1 in
	-*) ;;
	*)
		shift
		set -- "$t_name" ${BPFTOOLS_BTF:+--btf "$BPFTOOLS_BTF"} "$@"
		;;
	esac
	"$BPFTOOLS" "$@" </dev/null >"$T/out" 2>"$T/err" 3>&- 4>&- || status=$?
}

hold() {
	[ -e "$T/go" ] || mkfifo "$T/go"
	rm -f "$T/work.out" # or that of the last one would be taken for this one's
	exec 4<>"$T/go"
	"$WORK" -p -w "$@" <"$T/go" >"$T/work.out" 3>&- 4>&- &
	t_held=$! held=$!
	t_deadline
	until [ -s "$T/work.out" ]; do
		if ! t_alive "$t_held" || t_late; then
			fail "hold $*" "a workload that waits" "none"
			t_stop
		fi
		nap 10
	done
}

release() {
	t_ended=0
	echo >&4
	wait "$t_held" || t_ended=$?
	exec 4>&-
	t_held=
	sed 1d "$T/work.out" >"$T/work.rest" # without the pid
	mv "$T/work.rest" "$T/work.out"
	[ "$t_ended" = "${1:-0}" ] || fail "status of the workload" "${1:-0}" "$t_ended"
}

# Every expectation begins with this: false when there is nothing to look at.
t_check() {
	echo x >>"$T/checks"
	if [ -n "$t_pid" ]; then
		fail "$1" "finish or ended before it" "$t_name is still running"
		return 1
	elif [ -z "$t_mode" ]; then
		fail "$1" "tool or run before it" "neither"
		return 1
	fi
}

# t_ask WHAT JSONQ-ARGS...: the answer in $t_got
t_ask() {
	t_what=$1
	shift
	t_check "$t_what" || return 1
	t_got=$("$JSONQ" "$@" 2>"$T/why") && return 0
	fail "$t_what" "an answer" "$(cat "$T/why")"
	return 1
}

get() {
	"$JSONQ" get "$T/out" "$@"
}

expect_count() {
	t_n=$1
	shift
	[ $# -gt 0 ] || set -- '!lost'
	t_ask "lines with $*" count "$T/out" "$@" || return 0
	[ "$t_got" = "$t_n" ] || fail "$t_what" "$t_n" "$t_got"
}

expect_min() {
	t_n=$1
	shift
	t_ask "lines with $*" count "$T/out" "$@" || return 0
	[ "$t_got" -ge "$t_n" ] || fail "$t_what" "at least $t_n" "$t_got"
}

expect_none() {
	expect_count 0 "$@"
}

expect_no_loss() {
	for t_kind in events entries stacks missed; do
		expect_none "lost.$t_kind>0"
	done
}

# told KIND...: how much of these kinds of loss the tool told, in $t_told
told() {
	t_told=0
	[ "$("$JSONQ" count "$T/out" lost)" != 0 ] || return 0
	for t_kind; do
		t_told=$((t_told + $("$JSONQ" sum "$T/out" "lost.$t_kind" lost)))
	done
}

expect_all() {
	t_n=$1
	shift
	t_ask "lines with $*" count "$T/out" "$@" || return 0
	told events entries missed skipped
	[ "$t_got" -le "$t_n" ] || fail "$t_what" "$t_n at most" "$t_got"
	[ $((t_got + t_told)) -ge "$t_n" ] || fail "$t_what" "$t_n, or told as lost" "$t_got, $t_told told"
}

expect_sum() {
	t_n=$1
	shift
	t_ask "sum of $*" sum "$T/out" "$@" || return 0
	[ "$t_got" = "$t_n" ] || fail "$t_what" "$t_n" "$t_got"
}

# jsonq compares, since sh has no fractions.
expect_range() {
	t_lo=$1 t_hi=$2
	shift 2
	t_ask "sum of $*" sum "$T/out" "$@" || return 0
	[ "$(echo "{\"v\":$t_got}" | "$JSONQ" count - "v>=$t_lo" "v<=$t_hi")" = 1 ] ||
		fail "$t_what" "from $t_lo to $t_hi" "$t_got"
}

expect_status() {
	t_check "exit status" || return 0
	[ "$status" = "$1" ] || fail "exit status of $t_name" "$1" "$status"
}

expect_err() {
	t_check "stderr" || return 0
	t_got=$(grep -cF -e "$1" "$T/err") || :
	[ "$t_got" = 1 ] || fail "lines on stderr with: $1" 1 "$t_got"
	[ "$t_mode" = run ] || return 0
	t_got=$(grep -c '' "$T/err") || :
	[ "$t_got" = 1 ] || fail "lines on stderr" 1 "$t_got"
}

expect_text() {
	t_check "text" || return 0
	grep -qE -e "$1" "$T/out" || fail "output that matches $1" "a line" "none"
}

expect_no_text() {
	t_check "text" || return 0
	t_got=$(grep -cE -e "$1" "$T/out") || :
	[ "$t_got" = 0 ] || fail "output that matches $1" "no line" "$t_got"
}

expect_equal() {
	echo x >>"$T/checks"
	[ "$2" = "$3" ] || fail "$1" "$2" "$3"
}

# A condition on a running tool: only a last line may still be unfinished.
await() {
	t_n=$1
	shift
	t_running await || return 0
	echo x >>"$T/checks"
	t_deadline
	t_got=0
	while :; do
		t_alive "$t_pid" && t_lives=1 || t_lives=
		if [ -e "$T/out" ]; then
			t_got=$("$JSONQ" -l count "$T/out" "$@" 2>"$T/why") || {
				fail "await $*" "an answer" "$(cat "$T/why")"
				return 0
			}
		fi
		[ "$t_got" -lt "$t_n" ] || return 0
		if [ -z "$t_lives" ] || t_late; then
			fail "await $*" "at least $t_n" "$t_got"
			return 0
		fi
		nap 50
	done
}
