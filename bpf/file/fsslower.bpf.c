// SPDX-License-Identifier: GPL-2.0-or-later
// Show operations of a file system that take long, with file, place and latency.
#include "fs_slow.bpf.h"
