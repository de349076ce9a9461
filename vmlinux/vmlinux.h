/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel types that the tools touch, with just the members they read. Written by hand: every
 * access is relocated against the running kernel's BTF (preserve_access_index), so order and
 * padding here mean nothing, but each member's own type must be right; the relocation audit holds
 * that against real kernels. Shapes of older or newer kernels stand beside the current one as
 * struct NAME___SUFFIX with the version that changed them; which of them is real is asked in
 * bpf/core_fixes.bpf.h and nowhere else. Sorted by subject. The constants and types that the
 * kernel exports to user space come from its own headers. */
#ifndef __VMLINUX_H__ /* the name by which bpf_tracing.h knows the kernel's pt_regs */
#define __VMLINUX_H__

#include <linux/bpf.h>
#include <linux/types.h>

typedef __u8 u8;
typedef __s8 s8;
typedef __u16 u16;
typedef __s16 s16;
typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;
typedef __s64 s64;
typedef _Bool bool;
typedef unsigned long size_t;
typedef int pid_t;
typedef unsigned int uid_t;
typedef unsigned int gid_t;
typedef u32 dev_t; /* as the kernel has it: 12 bits major, 20 bits minor */
typedef u64 sector_t;
typedef long long loff_t;
typedef unsigned short umode_t;
typedef unsigned int fmode_t;
#define true 1
#define false 0
#define NULL ((void *)0)
enum { PATH_MAX = 4096, NAME_MAX = 255, AT_FDCWD = -100 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__TARGET_ARCH_x86)
#include "arch/x86.h"
#elif defined(__TARGET_ARCH_arm64)
#include "arch/arm64.h"
#elif defined(__TARGET_ARCH_arm)
#include "arch/arm.h"
#elif defined(__TARGET_ARCH_riscv)
#include "arch/riscv.h"
#else
#error "no pt_regs for this architecture: add vmlinux/arch/ARCH.h"
#endif

struct list_head {
	struct list_head *next, *prev;
};

struct hlist_node {
	struct hlist_node *next;
};

struct llist_head {
	void *first;
};

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic64_t;

typedef struct {
	uid_t val;
} kuid_t;

/* ---- processes ---- */

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	unsigned int level;
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct mnt_namespace {
	struct ns_common ns;
};

struct net;

struct nsproxy {
	struct mnt_namespace *mnt_ns;
	struct pid_namespace *pid_ns_for_children;
	struct net *net_ns;
};

typedef struct {
	gid_t val;
} kgid_t;

struct user_namespace {
	struct ns_common ns;
};

struct cred {
	kuid_t uid, euid;
	kgid_t gid;
	kuid_t suid;
	kgid_t sgid;
	kgid_t egid;
	kuid_t fsuid;
	kgid_t fsgid;
};

struct percpu_counter {
	s64 count;
};

enum { MM_SWAPENTS = 2 };

struct mm_struct {
	unsigned long arg_start, arg_end, env_start, env_end;
	struct file *exe_file;
	struct percpu_counter rss_stat[4];	/* 6.2 */
};

struct mm_struct___counts {
	struct {
		atomic64_t count[4];
	} rss_stat;	/* until 6.2; the type is atomic_long_t */
};

struct task_io_accounting {
	u64 syscr;	/* calls that read */
};

struct signal_struct {
	atomic_t live;	/* threads that have not begun to exit; 0 from the last one on */
	int group_exit_code;
	struct mm_struct *oom_mm;	/* of a victim of the OOM killer */
	unsigned int flags;	/* SIGNAL_*: 4 is GROUP_EXIT */
	struct tty_struct *tty;
};

struct tty_driver {
	int major;
	int minor_start;
};

struct tty_struct {
	char name[64];
	int index;
	struct tty_driver *driver;
	void *driver_data;	/* of a pseudo-terminal's user side its dentry in devpts */
};

struct tty_file_private {
	struct tty_struct *tty;
};

struct kernfs_node {
	u64 id;	/* union kernfs_node_id before 5.5, of the same size */
};

struct cgroup {
	struct kernfs_node *kn;
	int level;
	struct cgroup *ancestors[];	/* 6.1 */
};

struct cgroup___ids {
	u64 ancestor_ids[1];	/* until 6.1 */
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct thread_info {
	unsigned long flags;
	u32 status;
	u32 cpu;	/* 5.16; see task_struct___cpu */
};

struct files_struct {
	struct fdtable *fdt;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

/* Queues of the scheduler: cfs_rq is one of fair tasks, of a CPU or of a cgroup on it. */
struct cfs_rq {
	unsigned int h_nr_runnable;	/* 6.14; with those of the cgroups below */
	unsigned int h_nr_queued;	/* 6.14: h_nr_running before */
	struct rq *rq;		/* CONFIG_FAIR_GROUP_SCHED */
};

struct cfs_rq___running {
	unsigned int h_nr_running;	/* until 6.14 */
	unsigned int h_nr_delayed;	/* 6.12.4 to 6.13 */
};

struct rq {
	unsigned int nr_running;
	int online;
	struct cfs_rq cfs;
	struct task_struct *curr;	/* a union of that and `donor` since 6.12 */
};

struct sched_entity {
	struct cfs_rq *cfs_rq;	/* CONFIG_FAIR_GROUP_SCHED */
};

struct restart_block {
	long (*fn)(struct restart_block *block);
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state;	/* 5.14; see task_struct___state */
	void *stack;
	unsigned int flags;
	int on_cpu;
	int prio;
	struct mm_struct *mm;
	int exit_state;
	int exit_code;
	int exit_signal;
	pid_t pid;
	pid_t tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	u64 start_time;		/* CLOCK_MONOTONIC */
	u64 start_boottime;	/* 5.5 */
	const struct cred *cred;
	const struct cred *real_cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct css_set *cgroups;
	struct task_io_accounting ioac;
	unsigned long min_flt, maj_flt;
	struct sched_entity se;
	unsigned int policy;	/* SCHED_* of linux/sched.h */
	struct restart_block restart_block;
	void *ret_stack;	/* CONFIG_FUNCTION_GRAPH_TRACER; of another type since 6.11 */
	struct llist_head rethooks; /* 5.18, CONFIG_RETHOOK */
	struct llist_head kretprobe_instances; /* 5.11, CONFIG_KRETPROBES */
};

struct orc_entry {	/* how to unwind from an address, x86 */
	short sp_offset;
	short bp_offset;
	unsigned int sp_reg : 4;
	unsigned int bp_reg : 4;
	unsigned int type : 3;	/* one bit less until 6.3, and other numbers */
	unsigned int end : 1;	/* until 6.3 */
} __attribute__((packed));

struct task_struct___state {
	long state;	/* until 5.14 */
};

struct task_struct___cpu {
	unsigned int cpu;	/* until 5.16 */
};

struct irqaction {
	const char *name;
};

struct workqueue_struct {
	char name[32];	/* 24 bytes until 6.9 */
};

struct pool_workqueue {
	struct workqueue_struct *wq;
};

struct work_struct {
	void (*func)(struct work_struct *work);
};

struct kernel_siginfo {
	int si_code;
};

struct linux_binprm {
	const char *filename;
	const char *interp;
	int argc;
};

/* Only to be asked for their members: see task_storage_safe(). */
struct bpf_mem_alloc {
	bool percpu;
};

struct bpf_local_storage_map {
	struct bpf_mem_alloc selem_ma;	/* 6.4 to 6.19 */
};

struct bpf_local_storage {
	u32 mem_charge;	/* 7.0 */
};

/* ---- files ---- */

struct qstr {
	u32 len;
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
	struct user_namespace *mnt_userns; /* 5.12 to 6.1 */
	struct mnt_idmap *mnt_idmap;	/* 6.2 */
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mount *mnt_next_for_sb;	/* 6.18 */
};

struct mount___list {
	struct list_head mnt_instance;	/* until 6.18 */
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct fs_struct {
	struct path root, pwd;
};

struct file_system_type {
	const char *name;
};

struct super_block {
	dev_t s_dev;
	unsigned long s_magic;
	struct file_system_type *s_type;
	char s_id[32];
	struct mount *s_mounts;	/* 6.18 */
};

struct super_block___list {
	struct list_head s_mounts;	/* until 6.18 */
};

struct inode {
	umode_t i_mode;
	dev_t i_rdev;
	unsigned long i_ino;
	struct super_block *i_sb;
	loff_t i_size;
	unsigned int i_nlink;
	u32 i_generation;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	const struct file_operations *f_op;
	unsigned int f_flags;
	fmode_t f_mode;
	void *private_data;
	struct address_space *f_mapping;
	loff_t f_pos;
};

struct open_how {
	u64 flags, mode, resolve;
};

struct filename {
	const char *name;
};

struct kiocb {
	struct file *ki_filp;
	loff_t ki_pos;
};

struct iovec {
	void *iov_base;
	size_t iov_len;
};

struct iov_iter {
	size_t count;
	u8 iter_type;		/* 5.14; see iov_iter___type */
	size_t iov_offset;
	const struct iovec *__iov; /* 6.4; see iov_iter___iov */
	void *ubuf;		/* 6.0 */
	unsigned long nr_segs;
};

struct iov_iter___type {
	unsigned int type;	/* until 5.14: ITER_*, and 1 for a write */
};

struct iov_iter___iov {
	const struct iovec *iov; /* until 6.4 */
};

/* Renumbered again and again: ask for the value. */
enum iter_type { ITER_UBUF, ITER_IOVEC, ITER_KVEC };

struct nameidata {
	struct path path;
	struct qstr last;
	unsigned int next_seq;	/* 6.0 */
};

struct address_space {
	struct inode *host;
};

struct backing_dev_info {
	char dev_name[64];	/* 5.7 */
};

struct bdi_writeback {
	struct backing_dev_info *bdi;
};

enum wb_reason {
	WB_REASON_BACKGROUND,
};

struct wb_writeback_work {
	long nr_pages;
	struct super_block *sb;
	enum wb_reason reason;
};

/* ---- block ---- */

struct block_device {
	struct gendisk *bd_disk;
	u8 bd_partno;
	dev_t bd_dev;
};

struct gendisk {
	int major;
	int first_minor;
	char disk_name[32];
};

struct gendisk___part0 {
	struct block_device *part0;
};

struct request_queue {
	struct gendisk *disk;	/* 5.17; before that request.rq_disk */
};

struct kobject {
	const char *name;
};

struct device_driver {
	const char *name;
};

struct device {
	struct kobject kobj;
	struct device_driver *driver;
	dev_t devt;
};

struct scatterlist {
	unsigned long page_link;
};

struct hd_struct {	/* a partition until 5.11, where it became a block_device */
	struct device __dev;
};

struct bvec_iter {
	sector_t bi_sector;
	unsigned int bi_size;
};

struct bio {
	struct block_device *bi_bdev;	/* 5.12 */
	unsigned int bi_opf;
	u8 bi_status;
	struct bvec_iter bi_iter;
};

struct bio___disk {
	struct gendisk *bi_disk;	/* until 5.12 */
};

struct request {
	struct request_queue *q;
	unsigned int cmd_flags;
	unsigned int __data_len;
	sector_t __sector;
	struct bio *bio;
	u64 alloc_time_ns;	/* before waiting for a free one; with CONFIG_BLK_RQ_ALLOC_TIME */
	u64 start_time_ns;	/* allocation */
	u64 io_start_time_ns;	/* issue to the driver, if the queue keeps statistics */
	struct block_device *part;	/* 5.12 */
};

struct request___disk {
	struct gendisk *rq_disk;	/* until 5.17 */
};

struct request___hd {
	struct hd_struct *part;	/* until 5.11 */
};

/* Raw tracepoints by the type of their function: the queue as first argument until 5.11 (requests,
 * also 5.10.137) and 5.11 (bios). */
typedef void (*btf_trace_block_rq_issue___queue)(void *, struct request_queue *, struct request *);
typedef void (*btf_trace_block_bio_queue___queue)(void *, struct request_queue *, struct bio *);

enum req_opf {	/* enum req_op since 6.0 */
	REQ_OP_ZONE_APPEND = 13,	/* 7 when those on zones were numbered anew */
};

/* ---- memory ---- */

enum pageflags {
	PG_head = 6,
};

struct page {		/* of the page cache until 5.16 */
	unsigned long flags;
	struct address_space *mapping;
	unsigned long index;
};

struct folio {		/* 5.16 */
	unsigned long flags;	/* see folio___memdesc */
	struct address_space *mapping;
	unsigned long index;
	unsigned long _flags_1;	/* of a large one: its order in the low byte since 6.6 */
	unsigned char _folio_order; /* until 6.6 */
};

typedef struct {
	unsigned long f;
} memdesc_flags_t;

struct folio___memdesc {
	memdesc_flags_t flags;	/* 6.18 */
};

struct swap_iocb;

struct swap_io_ctx {	/* 7.3 */
	struct swap_iocb *sio;
};

struct vm_area_struct {
	struct file *vm_file;
};

struct vm_fault {
	struct vm_area_struct *vma;
	unsigned long pgoff;
};

struct kmem_cache {
	unsigned int size;	/* of an object, with what lies between two */
	const char *name;
};

struct mem_cgroup {
	struct cgroup_subsys_state {
		struct cgroup *cgroup;
	} css;
};

enum oom_constraint {
	CONSTRAINT_MEMCG = 3,
};

struct oom_control {
	struct mem_cgroup *memcg;
	unsigned long totalpages;
	struct task_struct *chosen;
};

/* Of the tracepoint mark_victim until 6.8; see btf_trace_block_rq_issue___queue. */
typedef void (*btf_trace_mark_victim___pid)(void *, int);

/* From 7.1 on: the flags, the order, the cgroup. */
typedef void (*btf_trace_mm_vmscan_direct_reclaim_begin___memcg)(void *, u32, int, struct mem_cgroup *);

enum zone_stat_item {
	NR_FREE_PAGES,
};

struct free_area {
	unsigned long nr_free;
};

struct zone {
	unsigned long _watermark[4];	/* three until 5.14 */
	unsigned long watermark_boost;	/* 5.0 */
	int node;		/* CONFIG_NUMA */
	const char *name;
	struct free_area free_area[11];
	atomic64_t vm_stat[1];	/* by enum zone_stat_item; the type is atomic_long_t */
};

/* 6.1; before, the tracepoint's record was one that it shares. */
struct trace_event_raw_kmem_cache_alloc {
};

enum migrate_mode {
	MIGRATE_ASYNC,
};

enum compact_result {
	COMPACT_NOT_SUITABLE_ZONE,
};

/* Until 5.19; then it had a compact_control, and one number less. */
typedef void (*btf_trace_mm_compaction_begin___old)(void *, unsigned long, unsigned long,
						    unsigned long, unsigned long, bool);

struct compact_control {
	struct zone *zone;
	int order;
	enum migrate_mode mode;
};

/* ---- network ---- */

struct in6_addr {
	union {
		__u8 u6_addr8[16];
		__be16 u6_addr16[8];
		__be32 u6_addr32[4];
	} in6_u;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	int skc_bound_dev_if;
	unsigned long skc_flags;	/* bits: enum sock_flags */
	unsigned char skc_reuse : 4;
	unsigned char skc_reuseport : 1;
};

struct sk_buff_head {
	u32 qlen;
};

struct sock {
	struct sock_common __sk_common;
	u16 sk_protocol;	/* 5.6; a bit-field before */
	u16 sk_type;
	kuid_t sk_uid;
	int sk_err;
	u32 sk_ack_backlog;	/* of a listener: connections to be accepted, and how many may be */
	u32 sk_max_ack_backlog;
	struct sk_buff_head sk_write_queue;
	struct socket *sk_socket;
	struct pid *sk_peer_pid;	/* UNIX sockets */
};

struct request_sock {
	struct sock_common __req_common;	/* ports and addresses; no inet_sport */
};

enum sock_flags {
	SOCK_DONE = 1,	/* the other side has sent its FIN */
};

struct socket {
	struct sock *sk;
	struct file *file;
};

struct net_device {
	char name[16];
	possible_net_t nd_net;
	unsigned int flags;	/* IFF_LOOPBACK */
	int ifindex;
};

struct sk_buff {
	struct sock *sk;
	struct net_device *dev;
	unsigned int len, data_len;
	__be16 protocol;
	u16 transport_header, network_header;	/* offsets from head; 65535: not set */
	unsigned char *head, *data;
	char cb[48];	/* of whoever has the packet; TCP: struct tcp_skb_cb */
	u16 queue_mapping;	/* of one that came in: the queue's number and 1; 0: not known */
	u16 mac_header, inner_transport_header;
	unsigned char encapsulation : 1;
	unsigned int end;	/* where struct skb_shared_info is, from head */
};

struct skb_shared_info {
	unsigned short gso_size;	/* payload of each packet; 0: it is one */
	unsigned short gso_segs;
	unsigned int gso_type;
};

struct tcp_skb_cb {
	u32 seq, end_seq;
};

struct msghdr {
	void *msg_name;	/* struct sockaddr of the other end, in the kernel's memory; or NULL */
	struct iov_iter msg_iter;
};

struct proto_accept_arg {	/* 6.10 */
	int flags;
};

struct inet_sock {
	struct sock sk;
	__be16 inet_sport;
	unsigned long inet_flags;	/* 6.6 */
};

struct inet_sock___bits {	/* until 6.6 */
	unsigned char freebind : 1;
	unsigned char transparent : 1;
	unsigned char bind_address_no_port : 1;
};

struct sockaddr_un {
	char sun_path[108];
};

struct unix_address {
	int len;	/* of name, as in bind(2) */
	struct sockaddr_un name[];
};

struct unix_sock {
	struct sock sk;
	struct unix_address *addr;
	struct sock *peer;
};

struct netlink_sock {
	struct sock sk;
	u32 portid;
};

struct inet_connection_sock {
	struct inet_sock icsk_inet;
	u8 icsk_ca_state : 5;	/* enum tcp_ca_state; 6 bits until 5.9 */
	u8 icsk_pending;	/* what the timer will do: 5 is a loss probe */
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	u64 bytes_received;
	u64 bytes_acked;
	u64 bytes_sent;		/* 4.19; with what was sent again */
	u64 bytes_retrans;	/* 4.19 */
	u32 segs_out;
	u32 total_retrans;
	u32 srtt_us;	/* smoothed round trip, shifted left by 3 */
	u32 rcv_nxt, copied_seq, snd_nxt;
	u32 snd_una, snd_wnd;
	u32 tlp_high_seq;	/* not 0 while a loss probe is unanswered */
};

/* Of the module rdma_cm */
struct rdma_dev_addr {
	struct net *net;
};

struct sockaddr_storage___rdma {
	unsigned short ss_family;
};

struct rdma_addr {
	struct sockaddr_storage___rdma src_addr, dst_addr;
	struct rdma_dev_addr dev_addr;
};

struct rdma_route {
	struct rdma_addr addr;
};

struct rdma_cm_id {
	struct rdma_route route;
};

struct rdma_restrack_entry {
	struct task_struct *task;	/* who made it; NULL: the kernel */
	const char *kern_name;
};

struct rdma_id_private {
	struct rdma_cm_id id;
	struct rdma_restrack_entry res;
};

enum rdma_cm_event_type {
	RDMA_CM_EVENT_ADDR_RESOLVED = 0,
};

struct rdma_cm_event {
	enum rdma_cm_event_type event;
	int status;
};

/* Raw tracepoints by the type of their function: the reason came with 5.17, the receiving socket with
 * 6.11; the error of a retransmission with 6.17. */
enum skb_drop_reason {
	SKB_DROP_REASON_NOT_SPECIFIED = 2,
};
typedef void (*btf_trace_kfree_skb___reason)(void *, struct sk_buff *, void *, enum skb_drop_reason);
typedef void (*btf_trace_kfree_skb___rx)(void *, struct sk_buff *, void *, enum skb_drop_reason,
					 struct sock *);
typedef void (*btf_trace_tcp_retransmit_skb___err)(void *, const struct sock *,
						   const struct sk_buff *, int);

/* The context of iter/task_file: both NULL at its end. */
struct bpf_iter__task_file {
	struct task_struct *task;
	u32 fd;
	struct file *file;
};

/* ---- tracepoint contexts ----
 * Only by relocation: PREEMPT_RT has a longer trace_entry before the fields. */

struct trace_entry {
	unsigned short type;
};

struct trace_event_raw_mm_migrate_pages {
	unsigned long succeeded;
	unsigned long failed;
	int reason;
};

enum migrate_reason {
	MR_NUMA_MISPLACED = 5,
};

struct trace_event_raw_mm_migrate_pages___enum {
	enum migrate_reason reason;
};

struct syscall_trace_enter {
	int nr;
	unsigned long args[];
};

struct syscall_trace_exit {
	int nr;
	long ret;
};

struct trace_event_raw_percpu_alloc_percpu {
	unsigned long call_site; /* 6.0 */
};

struct trace_event_raw_sched_process_exec {
	u32 __data_loc_filename;
	pid_t pid;
	pid_t old_pid;
};

struct trace_event_raw_task_newtask {
	pid_t pid;
	unsigned long clone_flags;
};

struct trace_event_raw_inet_sock_set_state {
	const void *skaddr;
	int oldstate;
	int newstate;
	u16 sport;
	u16 dport;
	u16 family;
	u16 protocol;
	u8 saddr[4];
	u8 daddr[4];
	u8 saddr_v6[16];
	u8 daddr_v6[16];
};

#pragma clang attribute pop

#endif
