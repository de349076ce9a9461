/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One call that changes what is mounted: with what, by whom, how long it took, what came of it. */
enum call {
	NO_CALL, MOUNT, UMOUNT, FSOPEN, FSPICK, FSCONFIG, FSMOUNT, MOVE_MOUNT, OPEN_TREE,
	OPEN_TREE_ATTR, MOUNT_SETATTR, PIVOT_ROOT, CALLS
};

/* What an argument is. Those from FS on are strings. */
enum role {
	NO_ROLE, FLAGS, FD, CMD, AUX, ATTR_FLAGS, FROM_DFD, TO_DFD, ATTR, ATTR_SIZE,
	FS, SOURCE, TARGET, DATA, KEY, VALUE, FROM, TO, ROLES
};

/* The arguments of each call, in their order. X(call, name of the tracepoints, name, five roles) */
#define MOUNT_CALLS(X) \
	X(MOUNT, mount, "mount", SOURCE, TARGET, FS, FLAGS, DATA) \
	X(UMOUNT, umount, "umount2", TARGET, FLAGS, NO_ROLE, NO_ROLE, NO_ROLE) \
	X(FSOPEN, fsopen, "fsopen", FS, FLAGS, NO_ROLE, NO_ROLE, NO_ROLE) \
	X(FSPICK, fspick, "fspick", FROM_DFD, FROM, FLAGS, NO_ROLE, NO_ROLE) \
	X(FSCONFIG, fsconfig, "fsconfig", FD, CMD, KEY, VALUE, AUX) \
	X(FSMOUNT, fsmount, "fsmount", FD, FLAGS, ATTR_FLAGS, NO_ROLE, NO_ROLE) \
	X(MOVE_MOUNT, move_mount, "move_mount", FROM_DFD, FROM, TO_DFD, TO, FLAGS) \
	X(OPEN_TREE, open_tree, "open_tree", FROM_DFD, FROM, FLAGS, NO_ROLE, NO_ROLE) \
	X(OPEN_TREE_ATTR, open_tree_attr, "open_tree_attr", FROM_DFD, FROM, FLAGS, ATTR, \
	  ATTR_SIZE) \
	X(MOUNT_SETATTR, mount_setattr, "mount_setattr", FROM_DFD, FROM, FLAGS, ATTR, ATTR_SIZE) \
	X(PIVOT_ROOT, pivot_root, "pivot_root", FROM, TO, NO_ROLE, NO_ROLE, NO_ROLE)

struct event {
	__u64 time_ns;		/* of its return */
	__u64 lat_ns;
	__s64 ret;
	__u32 pid, tid, uid, ppid;
	__u32 mnt_ns;		/* the inode of the mount namespace */
	__u32 call;		/* enum call */
	__u64 arg[ROLES];	/* as given */
	__u64 attr[4];		/* what ATTR points to: set, cleared, propagation, user namespace */
	__u16 at[ROLES];	/* of strings: one more than where in text it begins; 0: none */
	__u16 used;		/* of text */
	char comm[TASK_COMM_LEN];
	char pcomm[TASK_COMM_LEN];
	char text[16384];	/* sent as long as it is */
};
