// SPDX-License-Identifier: GPL-2.0-or-later
// Show the load averages with all the digits that the kernel has.
#include "applet.h"

#include <sys/sysinfo.h>

struct loads {
	uint32_t load[3]; /* of 1, 5 and 15 minutes, times 65536 (SI_LOAD_SHIFT) */
};
#define EVENT struct loads

static const struct opt opts[] = { { 0 } };

static void fmt_load(struct cell *cell, const void *row)
{
	cell_f64(cell, *(const uint32_t *)cell_ptr(cell, row) / 65536.0, 3);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL_FMT(load[0], "1MIN", 9, fmt_load),
	COL_FMT(load[1], "5MIN", 9, fmt_load),
	COL_FMT(load[2], "15MIN", 9, fmt_load),
	{ 0 }
};

static void tick(struct run *run)
{
	struct sysinfo info;
	struct loads row;

	if (sysinfo(&info))
		die(EXIT_FAIL, "sysinfo: %s", strerror(errno));
	for (int i = 0; i < 3; i++)
		row.load[i] = info.loads[i];
	row_print(run, &row, false);
}

APPLET(loads) = {
	.name = "loads",
	.brief = "Show the load averages with all the digits that the kernel has.",
	.help = "Examples:\n"
		"  loads          each second\n"
		"  loads 10 6     each ten seconds, six times\n"
		"The kernel keeps 11 bits behind the point, of which /proc/loadavg shows two\n"
		"digits, and computes them anew each five seconds. Needs no rights.\n",
	.operands = OPERANDS_INTERVAL,
	.interval = 1,
	.opts = opts,
	.cols = cols,
	.tick = tick,
};
