// SPDX-License-Identifier: GPL-2.0-or-later
// Names of disks and partitions from sysfs, and of block operations.
#include "disks.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static uint32_t dev_make(unsigned maj, unsigned min)
{
	return maj << 20 | min;
}

/* In sysfs the name cciss/c0d0 is cciss!c0d0. */
static void name_swap(char *name, char from, char to)
{
	for (; *name; name++)
		if (*name == from)
			*name = to;
}

/* By the kernel's name, also where /dev has no such file. */
static bool find_in_sysfs(const char *name, uint32_t *dev)
{
	char entry[64], path[128], text[32];
	unsigned maj, min;

	if (snprintf(entry, sizeof(entry), "%s", name) >= (int)sizeof(entry))
		return false;
	name_swap(entry, '/', '!');
	snprintf(path, sizeof(path), "/sys/class/block/%s/dev", entry);
	if (file_read(path, text, sizeof(text)) < 0 || sscanf(text, "%u:%u", &maj, &min) != 2)
		return false;
	*dev = dev_make(maj, min);
	return true;
}

/* By any name it has in /dev: /dev/mapper/root, /dev/disk/by-id/... */
static bool find_in_dev(const char *name, uint32_t *dev)
{
	char path[256];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s%s", *name == '/' ? "" : "/dev/", name) >=
	    (int)sizeof(path))
		return false;
	if (stat(path, &st) || !S_ISBLK(st.st_mode))
		return false;
	*dev = dev_make(major(st.st_rdev), minor(st.st_rdev));
	return true;
}

/* By the name that dmsetup gave it, also where no udev makes a file of it. */
static bool find_in_mapper(const char *name, uint32_t *dev)
{
	DIR *dir = opendir("/sys/class/block");
	char path[300], text[256];
	struct dirent *e;
	bool found = false;

	if (!strncmp(name, "/dev/mapper/", 12))
		name += 12;
	while (!found && dir && (e = readdir(dir))) {
		if (strncmp(e->d_name, "dm-", 3))
			continue;
		snprintf(path, sizeof(path), "/sys/class/block/%s/dm/name", e->d_name);
		if (file_read(path, text, sizeof(text)) <= 0)
			continue;
		text[strcspn(text, "\n")] = 0;
		found = !strcmp(text, name) && find_in_sysfs(e->d_name, dev);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* By its numbers, as "254:1". */
static bool find_by_number(const char *name, uint32_t *dev)
{
	unsigned maj, min;
	char path[64];
	int n = 0;

	if (sscanf(name, "%4u:%7u%n", &maj, &min, &n) != 2 || name[n])
		return false;
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", maj, min);
	*dev = dev_make(maj, min);
	return !access(path, F_OK);
}

/* What takes requests has queues for them; a partition's are its disk's, the folder above. */
static bool has_requests(uint32_t dev)
{
	char path[64];
	int n = snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", dev >> 20, dev & 0xfffff);

	if (access(path, F_OK))
		return true; /* no sysfs to ask; most have */
	snprintf(path + n, sizeof(path) - n, "/partition");
	snprintf(path + n, sizeof(path) - n, access(path, F_OK) ? "/mq" : "/../mq");
	return !access(path, F_OK);
}

uint32_t disk_find(const char *name, bool *bios)
{
	uint32_t dev;

	if (!find_in_sysfs(strncmp(name, "/dev/", 5) ? name : name + 5, &dev) &&
	    !find_in_dev(name, &dev) && !find_in_mapper(name, &dev) &&
	    !find_by_number(name, &dev))
		die(EXIT_FAIL, "there is no disk '%s'; /proc/partitions has those there are", name);
	*bios = !has_requests(dev);
	return dev;
}

/* block_io_start is of 6.5. tp_btf wants the kernel's own types. */
const struct probe disk_probes[] = {
	{ "block I/O", "request_start" },
	{ "block I/O", "request_insert" },
	{ "block requests", "request_issue_btf request_done_btf" },
	{ "block requests", "request_issue request_done" },
	{ 0 }
};

uint32_t disk_setup(struct run *run, const char *name)
{
	static const char *const of_requests[] = { "request_start", "request_insert",
						   "request_issue_btf", "request_done_btf",
						   "request_issue", "request_done" };
	bool bios = false;
	uint32_t dev = name ? disk_find(name, &bios) : 0;

	for (size_t i = 0; bios && i < ARRAY_LEN(of_requests); i++)
		prog_off(run, of_requests[i]);
	if (!bios) {
		prog_off(run, "bio_queue");
		prog_off(run, "bio_done");
	}
	return dev;
}

const char *disk_name(uint32_t dev, char text[DISK_NAME_LEN])
{
	char path[64], link[256], *name;
	ssize_t n;

	snprintf(text, DISK_NAME_LEN, "%u:%u", dev >> 20, dev & 0xfffff);
	snprintf(path, sizeof(path), "/sys/dev/block/%s", text);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return text;
	link[n] = 0;
	name = strrchr(link, '/');
	name = name ? name + 1 : link;
	memcpy(text, name, strnlen(name, DISK_NAME_LEN - 1) + 1);
	text[DISK_NAME_LEN - 1] = 0;
	name_swap(text, '!', '/');
	return text;
}

static const struct op {
	unsigned char op, old;	/* its number, and with IO_OPS_OLD; NO: there is none */
	const char *word, *letters;
} ops[] = {
#define NO 255
	{ IO_READ, IO_READ, "Read", "R" },
	{ IO_WRITE, IO_WRITE, "Write", "W" },
	{ IO_FLUSH, IO_FLUSH, "Flush", "F" },
	{ IO_DISCARD, IO_DISCARD, "Discard", "D" },
	{ 5, 5, "SecureErase", "DE" },
	{ NO, 7, "WriteSame", "W" },
	{ 7, 13, "ZoneAppend", "ZA" },
	{ IO_ZEROES, IO_ZEROES, "WriteZeroes", "WZ" },
	{ 11, 10, "ZoneOpen", "ZO" },
	{ 13, 11, "ZoneClose", "ZC" },
	{ 15, 12, "ZoneFinish", "ZF" },
	{ 17, 15, "ZoneReset", "ZR" },
	{ 19, 17, "ZoneResetAll", "ZRA" },
	{ 32, 32, "SCSIIn", "N" },
	{ 33, 33, "SCSIOut", "N" },
	{ 34, 34, "DrvIn", "N" },
	{ 35, 35, "DrvOut", "N" },
};

static const struct op *op_find(uint32_t flags)
{
	static const struct op unknown = { NO, NO, "Unknown", "N" };
	unsigned op = flags & IO_OP;

	for (size_t i = 0; i < ARRAY_LEN(ops); i++)
		if (op != NO && (flags & IO_OPS_OLD ? ops[i].old : ops[i].op) == op)
			return &ops[i];
	return &unknown;
}

const char *io_words(uint32_t flags, char text[IO_TEXT])
{
	static const struct { uint32_t bit; const char *word; } words[] = {
		{ IO_NOWAIT, "NoWait" }, { IO_BACKGROUND, "Background" },
		{ IO_RAHEAD, "ReadAhead" }, { IO_PREFLUSH, "PreFlush" }, { IO_FUA, "FUA" },
		{ IO_INTEGRITY, "Integrity" }, { IO_IDLE, "Idle" }, { IO_NOMERGE, "NoMerge" },
		{ IO_PRIO, "Priority" }, { IO_META, "Metadata" }, { IO_SYNC, "Sync" },
	};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (flags & words[i].bit)
			n += snprintf(text + n, IO_TEXT - n, "%s-", words[i].word);
	snprintf(text + n, IO_TEXT - n, "%s", op_find(flags)->word);
	return text;
}

const char *io_letters(uint32_t flags, char text[IO_TEXT])
{
	snprintf(text, IO_TEXT, "%s%s%s%s%s%s", flags & IO_PREFLUSH ? "F" : "",
		 op_find(flags)->letters, flags & IO_FUA ? "F" : "", flags & IO_RAHEAD ? "A" : "",
		 flags & IO_SYNC ? "S" : "", flags & IO_META ? "M" : "");
	return text;
}

int io_errno(unsigned status)
{
	/* From BLK_STS_NOTSUPP on; what is not here, or 0, is one of many forms of EIO. */
	static const unsigned char errnos[] = {
		[1] = EOPNOTSUPP, [2] = ETIMEDOUT, [3] = ENOSPC, [4] = ENOLINK, [5] = EREMOTEIO,
		[6] = EBADE, [7] = ENODATA, [8] = EILSEQ, [9] = ENOMEM, [12] = EAGAIN, [13] = EBUSY,
	};

	if (!status)
		return 0;
	return status < ARRAY_LEN(errnos) && errnos[status] ? errnos[status] : EIO;
}
