# SPDX-License-Identifier: GPL-2.0-or-later
# bpftools: every applet is found by wildcard; see README.md.
#
#   make                      ./bpftools, static, for this machine (musl where musl-gcc is there)
#   make CC=gcc               the same with glibc
#   make ARCH=arm64           ./bpftools-arm64, for that architecture; also riscv64, armhf
#   make APPLETS="a b"        only these applets
#   make DEBUG=1              not stripped, BPF objects with their source lines
#   make check-kernels        the tests on many kernels in qemu: KERNELS="5.10 arm64/6.12" APPLETS="a b"
#   make deps|run|check|size|bench|clean

VERSION := 0.1
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:

# ---- what for ----
host_arch := $(patsubst x86_64,amd64,$(patsubst aarch64,arm64,$(shell uname -m)))
ARCH ?= $(host_arch)
cross_arm64 := aarch64-linux-gnu
cross_riscv64 := riscv64-linux-gnu
cross_armhf := arm-linux-gnueabihf
bpf_arch_amd64 := x86
bpf_arch_arm64 := arm64
bpf_arch_riscv64 := riscv
bpf_arch_armhf := arm
BPF_ARCH := $(bpf_arch_$(ARCH))
$(if $(BPF_ARCH),,$(error ARCH=$(ARCH) is not known; there are amd64, arm64, riscv64, armhf))

ifeq ($(origin CC),default)
ifeq ($(ARCH),$(host_arch))
CC := $(or $(shell command -v musl-gcc),gcc)
else
CC := $(cross_$(ARCH))-gcc
endif
endif
HOSTCC ?= cc
CLANG ?= clang
OBJCOPY_BPF ?= llvm-objcopy
BPFTOOL ?= $(or $(shell command -v bpftool),/usr/sbin/bpftool)
STRIP ?= $(if $(filter $(ARCH),$(host_arch)),,$(cross_$(ARCH))-)strip

O := build/$(ARCH)-$(notdir $(CC))$(if $(DEBUG),-debug)
LIBS := $(O)/libs
bin := bpftools$(if $(filter $(ARCH),$(host_arch)),,-$(ARCH))

# ---- what of ----
all_c := $(sort $(wildcard applets/*/*.c))
# For check-kernels APPLETS only says which tests: what is tested is the binary with all of them.
ifneq ($(filter check-kernels,$(MAKECMDGOALS)),)
T := $(or $(T),$(APPLETS))
override undefine APPLETS
endif
ifdef APPLETS
applet_c := $(filter $(foreach a,$(APPLETS),applets/%/$(a).c),$(all_c))
missing := $(filter-out $(basename $(notdir $(applet_c))),$(APPLETS))
$(if $(missing),$(error APPLETS: there is no applet $(missing)))
else
applet_c := $(all_c)
endif
# The tracing language, for the applets that are front ends of it.
bt_applets := argdist bpftrace funccount funcinterval funcslower inject ksnoop stackcount trace
bt_c := $(if $(filter $(addprefix applets/trace/,$(addsuffix .c,$(bt_applets))),$(applet_c)),$(sort $(wildcard bt/*.c)))
core_c := main.c $(sort $(wildcard core/*.c)) $(bt_c)
objs := $(core_c:%.c=$(O)/%.o) $(applet_c:%.c=$(O)/%.o)
# The applets that have a BPF side; doctor, for one, has none.
bpf_c := $(wildcard $(applet_c:applets/%.c=bpf/%.bpf.c))
dictionary := $(O)/bpf/dictionary.bpf

CFLAGS ?= -Os
CFLAGS += -std=gnu11 -D_GNU_SOURCE= -Wall -Wextra -Wno-missing-field-initializers -ffunction-sections \
	-fdata-sections -fno-asynchronous-unwind-tables -fno-stack-protector -fno-pie \
	-DVERSION='"$(VERSION)"' -iquote . -iquote core -isystem $(LIBS)/kernel-headers \
	-isystem $(LIBS)/include $(if $(DEBUG),-g)
LDFLAGS += -static -no-pie -Wl,--gc-sections -Wl,-z,noseparate-code -Wl,-z,norelro -Wl,--build-id=none $(if $(DEBUG),,-s)
multiarch := $(shell gcc -print-multiarch 2>/dev/null)
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Wextra \
	-Wno-unused-function -Wno-missing-declarations -Wno-unused-parameter -Wno-sign-compare \
	-fno-stack-protector -Ibpf -Ivmlinux -I$(LIBS)/include -idirafter /usr/include/$(multiarch)
# What libbpf does not read: labels, and relocations of the types, whose places it knows itself.
bpf_strip := -g --remove-section=.rel.BTF --remove-section=.rel.BTF.ext \
	--remove-section=.llvm_addrsig --wildcard --strip-symbol='LBB*'

# ---- rules ----
.PRECIOUS: $(O)/bpf/%.bpf.o $(O)/test/unit/%.o
all: $(bin)

export LIBBPF_SRC ELFUTILS_SRC ZLIB_SRC XZ_SRC LIBIBERTY_SRC
$(LIBS)/.done: libbpf/build libbpf/sources
	CC='$(CC)' HOST='$(if $(filter $(ARCH),$(host_arch)),,$(cross_$(ARCH)))' libbpf/build $(LIBS)
	@touch $@

# These run here, whatever the machine is that we build for: so with zlib's source.
$(O)/slim $(O)/pack: $(O)/%: libbpf/%.c libbpf/fold.h | $(LIBS)/.done
	@mkdir -p $(@D)
	$(HOSTCC) -O1 -Wall -I$(LIBS)/zlib -o $@ $< $(LIBS)/zlib/*.c

$(O)/bpf/%.bpf.o: bpf/%.bpf.c $(O)/slim | $(LIBS)/.done
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -Ibpf/$(*D) -MMD -MP -MF $(@:.o=.d) -c -o $@ $<
	@$(OBJCOPY_BPF) $(bpf_strip) $@
	@$(if $(DEBUG),:,$(O)/slim $@)

# The options store into the struct that the skeleton makes of the read-only data.
$(O)/bpf/%.skel.h: $(O)/bpf/%.bpf.o
	@$(BPFTOOL) gen skeleton $< name $(subst -,_,$(*F))_bpf >$@

# What all objects have in common is in the dictionary; each has only what is its own.
$(dictionary).pack: $(dictionary).o $(O)/pack
	@$(O)/pack $< $@

$(O)/bpf/%.bpf.pack: $(O)/bpf/%.bpf.o $(dictionary).o $(O)/pack
	@$(O)/pack -d $(dictionary).o $< $@

$(O)/core/object.o: $(dictionary).pack
$(O)/core/object.o: extra := -Wa,-I$(O)/bpf

# $(1): SUBJECT/NAME of an applet with a BPF side
define bpf_applet
$(O)/applets/$(1).o: $(O)/bpf/$(1).skel.h $(O)/bpf/$(1).bpf.pack
$(O)/applets/$(1).o: extra := -I$(O)/bpf/$(dir $(1)) -Ibpf/$(dir $(1)) -Wa,-I$(O)/bpf/$(dir $(1))
endef
$(foreach b,$(bpf_c:bpf/%.bpf.c=%),$(eval $(call bpf_applet,$(b))))

$(O)/%.o: %.c | $(LIBS)/.done
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(extra) -MMD -MP -c -o $@ $<

$(O)/core/flame.o: core/flame.js

# Linked again when the choice of applets changes.
$(O)/chosen: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(objs)' | cmp -s - $@ || echo '$(CC) $(objs)' >$@

$(O)/bpftools: $(objs) $(O)/chosen $(LIBS)/.done
	$(CC) -o $@ $(objs) $(LDFLAGS) -L$(LIBS)/lib -lbpf -lelf -lz -llzma -ldemangle -lm
	@$(if $(DEBUG),:,$(STRIP) -R .comment $@)

$(bin): $(O)/bpftools
	@cmp -s $< $@ || { rm -f $@; cp $< $@; }

# ---- tests ----
TEST_BIN := $(O)/test
unit := $(patsubst test/unit/%.c,$(TEST_BIN)/%,$(wildcard test/unit/*.c))
audit_o := $(patsubst test/unit/audit/%.c,$(TEST_BIN)/audit/%.o,$(wildcard test/unit/audit/*.bpf.c))
WORK_CC = $(CC) -static -O1 -g -fno-omit-frame-pointer -Wall -Wextra -std=gnu11 \
	-isystem $(LIBS)/kernel-headers
# The audit has the applets' objects of the other architectures too; no cross compiler is needed.
audit_other := $(foreach a,$(filter-out $(ARCH),arm64 riscv64 amd64),\
	$(bpf_c:bpf/%.c=$(TEST_BIN)/bpf-$(a)/%.o))
tests := $(TEST_BIN)/work $(TEST_BIN)/jsonq $(unit) $(audit_o) $(audit_other)

$(TEST_BIN)/work: $(wildcard test/tools/verbs/*.c) test/tools/verbs/work.h | $(LIBS)/.done
	@mkdir -p $(@D)
	$(WORK_CC) -Wl,--build-id -o $@ $(filter %.c,$^) -lpthread

# Workloads keep their symbols and frame pointers: that is what stacks are tested on.
$(TEST_BIN)/%: test/tools/%.c | $(LIBS)/.done
	@mkdir -p $(@D)
	$(WORK_CC) -o $@ $< -lpthread

# Unit tests have all but main(), so that they see the applets too.
$(unit): $(TEST_BIN)/%: $(O)/test/unit/%.o $(filter-out $(O)/main.o,$(objs)) | $(LIBS)/.done
	@mkdir -p $(@D)
	$(CC) -o $@ $^ -static -no-pie -Wl,--gc-sections -L$(LIBS)/lib -lbpf -lelf -lz -llzma -ldemangle -lm

$(TEST_BIN)/audit/%.bpf.o: test/unit/audit/%.bpf.c test/unit/audit/common.h | $(LIBS)/.done
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c -o $@ $<
	@$(OBJCOPY_BPF) -g $@

# $(1): architecture
define audit_rule
$(TEST_BIN)/bpf-$(1)/%.bpf.o: bpf/%.bpf.c | $(LIBS)/.done
	@mkdir -p $$(@D)
	$(CLANG) $(BPF_CFLAGS) -U__TARGET_ARCH_$(BPF_ARCH) -D__TARGET_ARCH_$(bpf_arch_$(1)) -Ibpf/$$(*D) \
		-MMD -MP -MF $$(@:.o=.d) -c -o $$@ $$<
	@$(OBJCOPY_BPF) $(bpf_strip) $$@
endef
$(foreach a,arm64 riscv64 amd64,$(eval $(call audit_rule,$(a))))

# build/test is where test/run and test/vm look when called by hand.
test-tools: $(bin) $(tests)
	@$(if $(filter $(ARCH),$(host_arch)),ln -sfn $(notdir $(O))/test build/test)

# What runs inside a VM. For another machine test/vm finds it by TEST_BIN_arm64 and the like.
vm-tools: $(O)/bpftools $(TEST_BIN)/work $(TEST_BIN)/jsonq
other_archs := $(filter-out $(ARCH),arm64 riscv64 armhf)
$(foreach a,$(other_archs),$(eval export TEST_BIN_$(a) := build/$(a)-$(cross_$(a))-gcc/test))
export TEST_BIN
export VM_ARCH := $(ARCH)

# T="opensnoop net": only these tests; KERNELS="5.10 newest": on these in qemu besides the own one
export KERNELS
check: test-tools
	test/all --results $(O)/results.jsonl $(T)

# Each kernel boots once and runs the tests of all applets. A kernel is [ARCH/]VERSION, ARCH that of the
# build if not said, or a kernel image by its path; behind it may come hard environments, +onecpu+caps.
check-kernels: KERNELS := $(or $(KERNELS),$(matrix_$(ARCH)))
matrix_amd64 := 5.10 6.1 6.12 6.18 newest arm64/6.12 riscv64/newest $(addprefix 6.12+,nobtf lockdown \
	notracefs caps readonly container lowmem onecpu offcpu numa)
matrix_arm64 := 6.1 6.12 newest
matrix_riscv64 := newest
matrix_armhf := newest
check-kernels: vm-tools
	+@$(foreach a,$(other_archs),$(if $(findstring $(a)/,$(KERNELS)), \
		$(MAKE) --no-print-directory ARCH=$(a) CC=$(cross_$(a))-gcc vm-tools &&)) true
	BPFTOOLS=$(O)/bpftools test/all --no-host --results $(O)/kernels.jsonl $(T)

# The page of the last run of check-kernels
doc/kernels.md: FORCE
	@mkdir -p $(@D)
	scripts/kernel-table --markdown $(O)/kernels.jsonl >$@

deps:
	scripts/deps $(filter-out $(host_arch),$(ARCH))

# sudo only where it is needed
APPLET ?= opensnoop
run: $(bin)
	$$([ "$$(id -u)" = 0 ] || echo sudo) ./$(bin) $(APPLET)

# What each applet adds; scripts/size compares two builds.
size: $(bin)
	@scripts/size $(O)

# Beside Debian's libbpf-tools, if those are installed; a report, not a test.
bench: $(bin) $(TEST_BIN)/bench
	@TEST_BIN=$(TEST_BIN) scripts/bench

clean:
	rm -rf build bpftools bpftools-*

-include $(objs:.o=.d) $(bpf_c:%.c=$(O)/%.d) $(dictionary).d $(audit_other:.o=.d) \
	$(wildcard $(O)/test/unit/*.d)
FORCE:
.PHONY: all bench check check-kernels clean deps FORCE run size test-tools vm-tools
