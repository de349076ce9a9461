# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of fsdist, fsslower and their like share; they source it in place of lib.sh.
#
#	mounted TYPE [MODE]	mounts a new file system of that type at $T/TYPE, which becomes $at; or
#				skips the test where that cannot be. MODE: of `work fuse`
#	unmount			all of them; a test that mounts ends with it
#	dist_of TYPE DIR OTHER	what fsdist has to count of TYPE, mounted at DIR; OTHER is a folder on a
#				file system of another type
#	slow_of TYPE DIR OTHER	what fsslower has to list of it
#	by_functions		were functions watched, not system calls, by the tool run last?
#
# Mounts are made in a mount namespace of the test's own, so that they end with it.
[ -n "${FS_TEST_UNSHARED:-}" ] || FS_TEST_UNSHARED=1 exec unshare -m sh "$0"
. "${0%/*}/../lib.sh"

mounts= fuse_server=

# image TYPE MB: a new file system in a file
image() {
	dd if=/dev/zero "of=$T/$1.img" bs=1M count=0 seek="$2" 2>/dev/null
	case $1 in
	ext4) mke2fs -F "$T/$1.img" >/dev/null 2>&1 ;; # an ext2, which ext4 takes for one of its own
	*) "mkfs.$1" -q "$T/$1.img" ;;
	esac
}

# It mounts by itself.
fuse_serve() {
	"$WORK" fuse "$@" 3>&- 4>&- &
	fuse_server=$!
	t_deadline
	until grep -q " $1 fuse " /proc/mounts; do
		if ! t_alive "$fuse_server" || t_late; then
			fail "work fuse $*" "a mount" "none"
			t_stop
		fi
		nap 10
	done
}

# The server ends with its mount.
fuse_served() {
	wait "$fuse_server" || fail "the FUSE server" "status 0" "status $?"
	fuse_server=
}

# The disks that test/vm brings, by what is on them
disk_of() {
	for disk in /dev/vd[c-z]; do
		if [ -e "$disk" ] && mount -t "$1" "$disk" "$2" 2>/dev/null; then
			return 0
		fi
	done
	return 1
}

mounted() {
	grep -qw "$1" /proc/filesystems || skip_here "this kernel has no file system $1"
	at=$T/$1
	mkdir -p "$at"
	case $1 in
	tmpfs) mount -t tmpfs tmpfs "$at" ;;
	overlay)
		mkdir "$T/layers"
		mount -t tmpfs tmpfs "$T/layers"
		mounts="$T/layers $mounts"
		mkdir "$T/layers/lower" "$T/layers/upper" "$T/layers/work"
		mount -t overlay overlay -o \
			"lowerdir=$T/layers/lower,upperdir=$T/layers/upper,workdir=$T/layers/work" \
			"$at"
		;;
	ext4)
		image ext4 24
		mount -t ext4 -o loop "$T/ext4.img" "$at"
		;;
	fuse) fuse_serve "$at" ${2:+"$2"} ;;
	*)
		if command -v "mkfs.$1" >/dev/null; then
			image "$1" 300
			mount -t "$1" -o loop "$T/$1.img" "$at"
		else
			disk_of "$1" "$at" || skip_here "no disk with $1 here, and no mkfs.$1"
		fi
		;;
	esac
	mounts="$at $mounts"
}

unmount() {
	for dir in $mounts; do
		umount "$dir"
	done
	mounts=
	[ -z "$fuse_server" ] || fuse_served
}

# Whether functions are watched, by the tool that was run last; else system calls
by_functions() {
	! attached syscall_enter
}

# Counts that cannot be mistaken for each other
work_on() {
	"$WORK" -c "$ME" read "$1/read" 64 4096
	"$WORK" -c "$ME" write "$1/written" 32 4096
	"$WORK" -c "$ME" readv "$1/read" 5 4096
	"$WORK" -c "$ME" writev "$1/vector" 6 4096
	"$WORK" -c "$ME" sendfile "$1/read" "$2/sent" 8 4096
	"$WORK" -c "$ME" sync fsync "$1/synced" 9 >/dev/null
	"$WORK" -c "$ME" fstat "$1/read" 7
	"$WORK" -c "$ME" open "$1/read" 20
}

dist_of() {
	"$WORK" write "$2/read" 64 4096
	"$WORK" write "$3/other" 64 4096
	tool fsdist -t "$1" --comm "$ME"
	work_on "$2" "$3"
	"$WORK" -c "$ME" read "$3/other" 11 4096
	"$WORK" -c "$ME" write "$3/written" 13 4096
	"$WORK" -c other read "$2/read" 17 4096
	finish
	expect_count 1 key.operation=read total=77 unit=usecs
	expect_count 1 key.operation=write total=47
	expect_count 1 key.operation=open total=27
	expect_count 1 key.operation=fsync total=9
	expect_count 1 key.operation=getattr total=7
	expect_count 5 name=latency # beside it may stand what was lost, of others
}

slow_of() {
	"$WORK" write "$2/read" 64 4096
	"$WORK" write "$2/grown" 1 100
	"$WORK" write "$3/other" 11 4096
	tool fsslower -t "$1" -m 0 --comm "$ME"
	"$WORK" -c "$ME" read "$2/read" 64 4096
	"$WORK" -c "$ME" place "$2/read" 3 100 5000 r
	"$WORK" -c "$ME" place "$2/placed" 2 1000 7000 w
	"$WORK" -c "$ME" append "$2/grown" 2 10
	"$WORK" -c "$ME" sync fsync "$2/synced" 4 >/dev/null
	"$WORK" -c "$ME" fstat "$2/read" 5
	"$WORK" -c "$ME" toofar "$2/toofar" 3
	"$WORK" -c "$ME" read "$3/other" 11 4096
	finish
	expect_none "filename^$3"
	expect_count 64 t=R bytes=4096 err=0 "filename=$2/read" "comm=$ME" "pid>0" uid=0 "lat_ms>=0"
	expect_sum $((4096 * 63 * 32)) offset t=R bytes=4096
	expect_sum $((4 * 63 * 32)) off_kb t=R bytes=4096
	expect_count 3 t=R bytes=100 "filename=$2/read"
	for offset in 5000 5100 5200; do
		expect_count 1 t=R bytes=100 offset=$offset off_kb=$((offset / 1024))
	done
	expect_count 1 t=W bytes=1000 offset=7000 "filename=$2/placed"
	expect_count 1 t=W bytes=1000 offset=8000 "filename=$2/placed"
	expect_count 1 t=W bytes=10 offset=100 "filename=$2/grown"
	expect_count 1 t=W bytes=10 offset=110 "filename=$2/grown"
	expect_count 4 t=F bytes=null offset=null err=0 "filename=$2/synced"
	expect_count 4 t=W bytes=512 "filename=$2/synced"
	expect_count 5 t=G bytes=null "filename=$2/read"
	expect_count 3 t=W bytes=0 err=27 "filename=$2/toofar"
	for file in placed grown synced toofar; do
		expect_count 1 t=O bytes=null offset=null err=0 "filename=$2/$file"
	done
	expect_count 3 t=O "filename=$2/read"
}
