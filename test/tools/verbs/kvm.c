// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A virtual machine of two instructions.
 *
 *   kvm      N                      a guest that writes to an I/O port and halts, xN each; exit 77
 *                                   where there is no /dev/kvm, or it is none of x86
 */
#include "work.h"

#if defined(__x86_64__) && defined(__has_include) && __has_include(<linux/kvm.h>)
#include <linux/kvm.h>

static void do_kvm(char **arg)
{
	/* out %al, $0x10; hlt; jmp back */
	static const unsigned char code[] = { 0xe6, 0x10, 0xf4, 0xeb, 0xfb };
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm, cpu;
	long n = amount(arg[0]), size;
	struct kvm_userspace_memory_region region = { .memory_size = 4096 };
	struct kvm_regs regs = { .rflags = 2 };
	struct kvm_sregs sregs;
	struct kvm_run *run;

	if (kvm < 0)
		die(EXIT_CANNOT, "no KVM");
	vm = must(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	region.userspace_addr = (uintptr_t)memcpy(buffer(4096), code, sizeof(code));
	must(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
	cpu = must(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	size = must(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
	run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu, 0);
	if (run == MAP_FAILED)
		die(1, "mmap: %s", strerror(errno));
	must(ioctl(cpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs.base = sregs.cs.selector = 0;
	must(ioctl(cpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	must(ioctl(cpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
	for (long i = 0; i < 2 * n; i++) {
		must(ioctl(cpu, KVM_RUN, 0), "KVM_RUN");
		if (run->exit_reason != (i % 2 ? KVM_EXIT_HLT : KVM_EXIT_IO))
			die(1, "an exit for reason %u", run->exit_reason);
	}
}
#else
static void do_kvm(char **arg)
{
	(void)arg;
	die(EXIT_CANNOT, "no KVM");
}
#endif

VERB("kvm", 1, 1, do_kvm);
