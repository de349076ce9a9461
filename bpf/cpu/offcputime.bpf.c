// SPDX-License-Identifier: GPL-2.0-or-later
// Sum the time that tasks spend off their CPU, by kernel and user stack.
#include "offcpu.bpf.h"
