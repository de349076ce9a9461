// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Disks made of other disks, as mdadm and dmsetup make them.
 *
 *   md       NAME DISK DISK         makes NAME (md0) a mirror (raid1) of both, without metadata on
 *                                   them, in sync from the start
 *   mdstop   NAME                   and ends it
 *   dm       NAME SECTORS TARGET [PARAMS...]
 *                                   makes a device-mapper device of one target (linear DISK OFFSET,
 *                                   error, delay DISK OFFSET MS); prints what it is called in /dev
 *   dmremove NAME                   and removes it
 */
#include "work.h"

#include <linux/dm-ioctl.h>
#include <linux/major.h>
#include <linux/raid/md_u.h>
#include <stddef.h>
#include <sys/sysmacros.h>

static int dev_open(const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s", *name == '/' ? "" : "/dev/", name);
	return must(open(path, flags | O_CLOEXEC), path);
}

/* Of linux/raid/md_p.h, which needs more than there is here; there they begin with MD_. */
enum { DISK_ACTIVE = 1, DISK_SYNC = 2, SB_CLEAN = 0 };

static void do_md(char **arg)
{
	static const char make[] = "/sys/module/md_mod/parameters/new_array";
	mdu_array_info_t array = {
		.minor_version = 90, .level = 1, .raid_disks = 2, .nr_disks = 2,
		.not_persistent = 1,
		.state = 1 << SB_CLEAN, /* else it copies all, which fills RAM disks */
	};
	int fd = must(open(make, O_WRONLY | O_CLOEXEC), make);

	must(write(fd, arg[0], strlen(arg[0])), make);
	close(fd);
	fd = dev_open(arg[0], O_RDWR);
	must(ioctl(fd, SET_ARRAY_INFO, &array), "SET_ARRAY_INFO");
	for (int i = 0; i < 2; i++) {
		mdu_disk_info_t disk = {
			.number = i, .raid_disk = i, .state = 1 << DISK_ACTIVE | 1 << DISK_SYNC,
		};
		int part = dev_open(arg[1 + i], O_RDONLY);
		struct stat st;

		must(fstat(part, &st), "fstat");
		close(part);
		disk.major = major(st.st_rdev);
		disk.minor = minor(st.st_rdev);
		must(ioctl(fd, ADD_NEW_DISK, &disk), "ADD_NEW_DISK");
	}
	must(ioctl(fd, RUN_ARRAY, NULL), "RUN_ARRAY");
	close(fd);
}

static void do_mdstop(char **arg)
{
	must(ioctl(dev_open(arg[0], O_RDWR), STOP_ARRAY, NULL), "STOP_ARRAY");
}

static struct dm_ioctl *dm_call(unsigned long call, const char *what, const char *name,
				unsigned flags)
{
	static struct {
		struct dm_ioctl io;
		char data[4096];
	} dm;
	static int fd = -1;

	if (fd < 0)
		fd = must(open("/dev/mapper/control", O_RDWR | O_CLOEXEC), "/dev/mapper/control");
	dm.io.version[0] = DM_VERSION_MAJOR;
	dm.io.version[1] = dm.io.version[2] = 0;
	dm.io.data_size = sizeof(dm);
	dm.io.data_start = offsetof(__typeof__(dm), data);
	dm.io.dev = 0; /* by name */
	dm.io.flags = flags;
	snprintf(dm.io.name, sizeof(dm.io.name), "%s", name);
	if (call)
		must(ioctl(fd, call, &dm), what);
	return &dm.io;
}

static void do_dm(char **arg)
{
	struct dm_ioctl *io = dm_call(DM_DEV_CREATE, "DM_DEV_CREATE", arg[0], 0);
	struct dm_target_spec *spec = (void *)((char *)io + io->data_start);
	char *params = (char *)(spec + 1);
	unsigned id = minor(io->dev);

	dm_call(0, NULL, arg[0], 0);
	memset(spec, 0, sizeof(*spec));
	spec->length = amount(arg[1]);
	snprintf(spec->target_type, sizeof(spec->target_type), "%s", arg[2]);
	*params = 0;
	for (char **p = arg + 3; *p; p++)
		params += sprintf(params, "%s%s", p == arg + 3 ? "" : " ", *p);
	io->target_count = 1;
	dm_call(DM_TABLE_LOAD, "DM_TABLE_LOAD", arg[0], 0);
	dm_call(DM_DEV_SUSPEND, "DM_DEV_SUSPEND", arg[0], 0); /* without its flag: resume */
	printf("dm-%u\n", id);
}

static void do_dmremove(char **arg)
{
	dm_call(DM_DEV_REMOVE, "DM_DEV_REMOVE", arg[0], 0);
}

VERB("md", 3, 3, do_md);
VERB("mdstop", 1, 1, do_mdstop);
VERB("dm", 3, 20, do_dm);
VERB("dmremove", 1, 1, do_dmremove);
