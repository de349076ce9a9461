// SPDX-License-Identifier: GPL-2.0-or-later
// Show reads and writes of files that take long, of any file system.
#define FS_MOVES_ONLY
#include "fs_slow.bpf.h"
