// SPDX-License-Identifier: GPL-2.0-or-later
// Sum the time that tasks wait, by their stack and that of who woke them up.
#define OFFCPU_WAKER
#include "offcpu.bpf.h"
