# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by tests that want a disk: its path is $at, its name $disk. In the guest of boot-vm it is the
# guest's, with memory behind it; elsewhere a loop device over a file, which goes with its last user.
# Either may be written to.

at=$RAW_DISK
if [ -z "$at" ]; then
	truncate -s 16M "$T/disk"
	at=$(losetup -f)
	losetup "$at" "$T/disk"
	exec 5<>"$at"
	losetup -d "$at" # once the last who has it open closes it
fi
disk=${at#/dev/}

worker() {
	"$WORK" -c "$ME" "$@"
}
