// SPDX-License-Identifier: GPL-2.0-or-later
// Trace mount, umount and the calls that mount in steps: arguments and result.
#include "applet.h"
#include "mountsnoop.h"
#include "mountsnoop.skel.h"
#define RODATA struct mountsnoop_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'),
	OPT_USER('d', "detailed", NULL, "show latency, result and each argument in columns"),
	OPT_USER('P', "parent_process", NULL, "show the parent process: PCOMM and PPID"),
	OPT_USER('U', "print-uid", NULL, "show UID"),
	OPT_USER('t', "timestamp", NULL, "show the time of day"),
	{ 0 }
};

struct flag { const char *name; uint32_t value; };

static const struct flag ms[] = {
	{ "MS_RDONLY", 1 }, { "MS_NOSUID", 2 }, { "MS_NODEV", 4 }, { "MS_NOEXEC", 8 },
	{ "MS_SYNCHRONOUS", 16 }, { "MS_REMOUNT", 32 }, { "MS_MANDLOCK", 64 },
	{ "MS_DIRSYNC", 128 }, { "MS_NOSYMFOLLOW", 256 }, { "MS_NOATIME", 1024 },
	{ "MS_NODIRATIME", 2048 }, { "MS_BIND", 4096 }, { "MS_MOVE", 8192 }, { "MS_REC", 16384 },
	{ "MS_SILENT", 32768 }, { "MS_POSIXACL", 1 << 16 }, { "MS_UNBINDABLE", 1 << 17 },
	{ "MS_PRIVATE", 1 << 18 }, { "MS_SLAVE", 1 << 19 }, { "MS_SHARED", 1 << 20 },
	{ "MS_RELATIME", 1 << 21 }, { "MS_KERNMOUNT", 1 << 22 }, { "MS_I_VERSION", 1 << 23 },
	{ "MS_STRICTATIME", 1 << 24 }, { "MS_LAZYTIME", 1 << 25 },
	{ 0 }
};
static const struct flag umounts[] = {
	{ "MNT_FORCE", 1 }, { "MNT_DETACH", 2 }, { "MNT_EXPIRE", 4 }, { "UMOUNT_NOFOLLOW", 8 },
	{ 0 }
};
static const struct flag fsopens[] = { { "FSOPEN_CLOEXEC", 1 }, { 0 } };
static const struct flag fspicks[] = {
	{ "FSPICK_CLOEXEC", 1 }, { "FSPICK_SYMLINK_NOFOLLOW", 2 }, { "FSPICK_NO_AUTOMOUNT", 4 },
	{ "FSPICK_EMPTY_PATH", 8 },
	{ 0 }
};
static const struct flag fsmounts[] = {
	{ "FSMOUNT_CLOEXEC", 1 }, { "FSMOUNT_NAMESPACE", 2 },
	{ 0 }
};
static const struct flag moves[] = {
	{ "MOVE_MOUNT_F_SYMLINKS", 1 }, { "MOVE_MOUNT_F_AUTOMOUNTS", 2 },
	{ "MOVE_MOUNT_F_EMPTY_PATH", 4 }, { "MOVE_MOUNT_T_SYMLINKS", 0x10 },
	{ "MOVE_MOUNT_T_AUTOMOUNTS", 0x20 }, { "MOVE_MOUNT_T_EMPTY_PATH", 0x40 },
	{ "MOVE_MOUNT_SET_GROUP", 0x100 }, { "MOVE_MOUNT_BENEATH", 0x200 },
	{ 0 }
};
/* AT_ and OPEN_TREE_ flags in one; O_CLOEXEC has one value on all architectures that we know. */
static const struct flag trees[] = {
	{ "OPEN_TREE_CLONE", 1 }, { "OPEN_TREE_NAMESPACE", 2 }, { "AT_SYMLINK_NOFOLLOW", 0x100 },
	{ "AT_NO_AUTOMOUNT", 0x800 }, { "AT_EMPTY_PATH", 0x1000 }, { "AT_RECURSIVE", 0x8000 },
	{ "OPEN_TREE_CLOEXEC", 02000000 },
	{ 0 }
};
static const struct flag attrs[] = {
	{ "MOUNT_ATTR_RDONLY", 1 }, { "MOUNT_ATTR_NOSUID", 2 }, { "MOUNT_ATTR_NODEV", 4 },
	{ "MOUNT_ATTR_NOEXEC", 8 }, { "MOUNT_ATTR_NOATIME", 0x10 },
	{ "MOUNT_ATTR_STRICTATIME", 0x20 }, { "MOUNT_ATTR_NODIRATIME", 0x80 },
	{ "MOUNT_ATTR_IDMAP", 0x100000 }, { "MOUNT_ATTR_NOSYMFOLLOW", 0x200000 },
	{ 0 }
};

static const struct flag *const flags_of[CALLS] = {
	[MOUNT] = ms, [UMOUNT] = umounts, [FSOPEN] = fsopens, [FSPICK] = fspicks,
	[FSMOUNT] = fsmounts, [MOVE_MOUNT] = moves, [OPEN_TREE] = trees, [OPEN_TREE_ATTR] = trees,
	[MOUNT_SETATTR] = trees,
};

static const char *const cmds[] = {
	"FSCONFIG_SET_FLAG", "FSCONFIG_SET_STRING", "FSCONFIG_SET_BINARY", "FSCONFIG_SET_PATH",
	"FSCONFIG_SET_PATH_EMPTY", "FSCONFIG_SET_FD", "FSCONFIG_CMD_CREATE",
	"FSCONFIG_CMD_RECONFIGURE", "FSCONFIG_CMD_CREATE_EXCL",
};

#define CALL_ROW(call, tracepoint, name, ...) [call] = { name, { __VA_ARGS__ } },
static const struct { const char *name; unsigned char role[5]; } calls[CALLS] = {
	MOUNT_CALLS(CALL_ROW)
};

/* Text that grows up to its end. */
struct line {
	char text[sizeof(((EVENT *)0)->text) + 2048];
	size_t n;
};

static void put(struct line *l, const char *fmt, ...) PRINTF(2, 3);
static void put(struct line *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	l->n += vsnprintf(l->text + l->n, sizeof(l->text) - l->n, fmt, ap);
	va_end(ap);
	l->n = MIN(l->n, sizeof(l->text) - 1);
}

static void put_flags(struct line *l, const struct flag *names, uint64_t flags)
{
	const char *between = "";

	for (; names && names->name; names++) {
		if (!(flags & names->value))
			continue;
		put(l, "%s%s", between, names->name);
		flags &= ~(uint64_t)names->value;
		between = "|";
	}
	if (flags || !*between)
		put(l, *between || flags ? "%s0x%llx" : "%s%llx", between,
		    (unsigned long long)flags);
}

/* mount() may have a magic number in the upper half, from before Linux 2.4. */
static uint64_t mount_flags(const EVENT *e)
{
	uint64_t flags = e->arg[FLAGS];

	return e->call == MOUNT && (flags & 0xffff0000) == 0xc0ed0000 ? flags & 0xffff : flags;
}

static const char *string_of(const EVENT *e, int role)
{
	return e->at[role] ? e->text + e->at[role] - 1 : NULL;
}

static void put_arg(struct line *l, const EVENT *e, int role)
{
	const char *s = role >= FS ? string_of(e, role) : NULL;

	if (s)
		put(l, "\"%s\"", s);
	else if (role == FLAGS)
		put_flags(l, flags_of[e->call], mount_flags(e));
	else if (role == ATTR_FLAGS)
		put_flags(l, attrs, e->arg[role]);
	else if (role == CMD && e->arg[role] < ARRAY_LEN(cmds))
		put(l, "%s", cmds[e->arg[role]]);
	else if ((role == FROM_DFD || role == TO_DFD) && (int)e->arg[role] == -100)
		put(l, "AT_FDCWD");
	else if (role >= FS && !e->arg[role])
		put(l, "NULL");
	else if (role >= FS)
		put(l, "0x%llx", (unsigned long long)e->arg[role]);
	else if (role != ATTR)
		put(l, "%d", (int)e->arg[role]);
}

static void put_attr(struct line *l, const EVENT *e)
{
	put(l, "{attr_set=");
	put_flags(l, attrs, e->attr[0]);
	put(l, ", attr_clr=");
	put_flags(l, attrs, e->attr[1]);
	put(l, ", propagation=");
	put_flags(l, ms, e->attr[2]);
	put(l, ", userns_fd=%d}", (int)e->attr[3]);
}

static void fmt_call(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	struct line l = { .n = 0 };

	put(&l, "%s(", e->call < CALLS ? calls[e->call].name : "?");
	for (int i = 0; e->call < CALLS && i < 5 && calls[e->call].role[i]; i++) {
		put(&l, "%s", i ? ", " : "");
		if (calls[e->call].role[i] == ATTR)
			put_attr(&l, e);
		else
			put_arg(&l, e, calls[e->call].role[i]);
	}
	put(&l, ") = %lld", (long long)e->ret);
	if (e->ret < 0)
		put(&l, " (%s)", strerror(-e->ret));
	cell_str(cell, l.text);
}

static void fmt_op(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	cell_str(cell, e->call < CALLS ? calls[e->call].name : "?");
}

static int role_of(const struct cell *cell, const EVENT *e)
{
	return (const __u64 *)cell_ptr(cell, e) - e->arg;
}

static bool has_role(const EVENT *e, int role)
{
	for (int i = 0; e->call < CALLS && i < 5; i++)
		if (calls[e->call].role[i] == role)
			return true;
	return false;
}

/* One argument by its role, if the call has such a one. */
static void fmt_arg(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	int role = role_of(cell, e);
	struct line l = { .n = 0 };

	if (!has_role(e, role) || (role >= FS && !e->arg[role])) {
		cell_none(cell);
	} else if (role >= FS && string_of(e, role)) {
		cell_str(cell, string_of(e, role));
	} else if (role == FD || role == AUX || role == FROM_DFD || role == TO_DFD) {
		cell_s64(cell, (int)e->arg[role]);
	} else {
		put_arg(&l, e, role);
		cell_str(cell, l.text);
	}
}

static const struct col cols[] = {
	COL_TIME('t', "TIME"),
	COL_IF('U', uid, "UID", -6),
	COL(comm, "COMM", -16),
	COL(pid, "PID", -7),
	COL(tid, "TID", -7),
	COL_IF('P', pcomm, "PCOMM", -16),
	COL_IF('P', ppid, "PPID", -7),
	COL(mnt_ns, "MNT_NS", -11),
	COL_FMT_IF('d', call, "OP", -13, fmt_op),
	COL_IF('d', ret, "RET", -4),
	COL_DIV_IF('d', lat_ns, "LAT(us)", 8, 1000, 1),
	COL_FMT_IF('d', arg[FS], "FS", -8, fmt_arg),
	COL_FMT_IF('d', arg[SOURCE], "SOURCE", -16, fmt_arg),
	COL_FMT_IF('d', arg[TARGET], "TARGET", -16, fmt_arg),
	COL_FMT_IF('d', arg[DATA], "DATA", -16, fmt_arg),
	COL_FMT_IF('d', arg[FLAGS], "FLAGS", -16, fmt_arg),
	COL_FMT_IF('d', arg[FD], "FD", -3, fmt_arg),
	COL_FMT_IF('d', arg[CMD], "CMD", -8, fmt_arg),
	COL_FMT_IF('d', arg[KEY], "KEY", -8, fmt_arg),
	COL_FMT_IF('d', arg[VALUE], "VALUE", -8, fmt_arg),
	COL_FMT_IF('d', arg[AUX], "AUX", -3, fmt_arg),
	COL_FMT_IF('d', arg[ATTR_FLAGS], "ATTR_FLAGS", -10, fmt_arg),
	COL_FMT_IF('d', arg[FROM_DFD], "FROM_DFD", -8, fmt_arg),
	COL_FMT_IF('d', arg[FROM], "FROM_PATHNAME", -16, fmt_arg),
	COL_FMT_IF('d', arg[TO_DFD], "TO_DFD", -6, fmt_arg),
	COL_FMT_IF('d', arg[TO], "TO_PATHNAME", -16, fmt_arg),
	COL_FMT(call, "CALL", 0, fmt_call),
	{ 0 }
};

static const struct probe probes[] = {
	{ "system calls", "mount_enter mount_exit umount_enter umount_exit pivot_root_enter "
		"pivot_root_exit ?fsopen_enter ?fsopen_exit ?fspick_enter ?fspick_exit "
		"?fsconfig_enter ?fsconfig_exit ?fsmount_enter ?fsmount_exit ?move_mount_enter "
		"?move_mount_exit ?open_tree_enter ?open_tree_exit ?open_tree_attr_enter "
		"?open_tree_attr_exit ?mount_setattr_enter ?mount_setattr_exit" },
	{ 0 }
};

BPF_OBJECT(mountsnoop);

APPLET(mountsnoop) = {
	.name = "mountsnoop",
	.brief = "Trace mount, umount and the calls that mount in steps: arguments and result.",
	.help = "Examples:\n"
		"  mountsnoop -t            with the time of day\n"
		"  mountsnoop -P            and who asked for it\n"
		"  mountsnoop --mntns 181   in the mount namespace of process 181\n"
		"Calls are mount, umount2, fsopen, fspick, fsconfig, fsmount, move_mount,\n"
		"open_tree, open_tree_attr, mount_setattr and pivot_root, each shown when it\n"
		"returns, with its paths made absolute. MNT_NS is the inode number of the mount\n"
		"namespace. Not seen are 32-bit programs on a 64-bit kernel.\n",
	OBJECT(mountsnoop),
	EVENT_UPTO(text),
	.opts = opts,
	.cols = cols,
	.probes = probes,
};
