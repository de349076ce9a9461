// SPDX-License-Identifier: GPL-2.0-or-later
// The capabilities of this process, read from /proc (static programs have no libcap).
#include "caps.h"

#include <stdlib.h>
#include <string.h>

enum { CAP_SYS_ADMIN_NR = 21, CAP_PERFMON_NR = 38, CAP_BPF_NR = 39 };

bool caps_has(int cap)
{
	char text[4096];
	const char *p;

	if (file_read("/proc/self/status", text, sizeof(text)) < 0)
		return true; /* no /proc: let the kernel decide */
	p = strstr(text, "\nCapEff:");
	return !p || strtoull(p + 8, NULL, 16) >> cap & 1;
}

const char *caps_missing(void)
{
	bool bpf = caps_has(CAP_BPF_NR), perfmon = caps_has(CAP_PERFMON_NR);

	if ((bpf && perfmon) || caps_has(CAP_SYS_ADMIN_NR))
		return NULL;
	return bpf ? "CAP_PERFMON" : perfmon ? "CAP_BPF" : "CAP_BPF and CAP_PERFMON";
}
