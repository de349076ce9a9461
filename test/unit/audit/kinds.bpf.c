// SPDX-License-Identifier: GPL-2.0-or-later
// Relocations of every kind, on types that most kernels have, some of them in several forms.
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define RELOC __attribute__((preserve_access_index))

struct inner___x { int dummy; } RELOC;
typedef void (*btf_trace_sched_switch)(void *, bool, struct task_struct *, struct task_struct *);
typedef void (*btf_trace_sched_process_exit)(void *, struct task_struct *, bool);
typedef int (*initcall_t)(void);
typedef int (*initcall_t___bad)(int);
typedef unsigned int gfp_t;
typedef struct { int counter; } RELOC atomic_t;
typedef struct { unsigned long seg; } RELOC mm_segment_t;
struct list_head { struct list_head *next, *prev; } RELOC;
struct hlist_head { struct hlist_node *first; } RELOC;
struct hlist_head___bad { int first; } RELOC;
struct path { struct vfsmount *mnt; struct dentry *dentry; } RELOC;
struct qstr { union { struct { unsigned int hash; unsigned int len; }; unsigned long long hash_len; };
	const unsigned char *name; } RELOC;
union kernfs_node_id___no { int x; } RELOC;
struct dev_kfree_skb_cb___no { int x; } RELOC;
struct cfs_rq { unsigned int nr_queued; unsigned int h_nr_running; } RELOC;
struct bio_vec { struct page *bv_page; unsigned int bv_len; } RELOC;
struct bio { struct bio_vec *bi_io_vec; struct bio_vec bi_inline_vecs[]; } RELOC;
struct mem_cgroup { int x; struct mem_cgroup_per_node *nodeinfo[]; } RELOC;
struct tcp_sock { unsigned int srtt_us; unsigned char nonagle : 4; unsigned char repair : 1; } RELOC;
struct sk_buff { unsigned char ip_summed : 2; unsigned char pkt_type : 3; unsigned int len;
	__u16 protocol; } RELOC;
struct task_struct { int pid; unsigned int in_execve : 1; char comm[16]; struct list_head tasks;
} RELOC;
enum bpf_link_type___no { BPF_LINK_TYPE_NO_SUCH = 99 };
enum cpu_usage_stat { CPUTIME_IDLE = 5, CPUTIME_NO = 77 };
enum pid_type { PIDTYPE_PID, PIDTYPE_TGID };
enum pid_type___bad { PIDTYPE_PID___x, PIDTYPE_NOT___x };
struct cache { int x; } RELOC; /* often several of them */
struct irq_info { unsigned int irq; } RELOC;
struct linux_binprm { struct file *file; int argc; } RELOC;
struct thread_info { unsigned long flags; unsigned int cpu; } RELOC;

volatile unsigned long long out[64];

SEC("raw_tp")
int all(void *ctx)
{
	struct tcp_sock *tp = ctx;
	struct sk_buff *skb = ctx;
	struct task_struct *t = ctx;
	struct bio *bio = ctx;
	struct mem_cgroup *memcg = ctx;
	int i = 0;

	out[i++] = bpf_core_type_exists(btf_trace_sched_switch);
	out[i++] = bpf_core_type_exists(btf_trace_sched_process_exit);
	out[i++] = bpf_core_type_exists(initcall_t);
	out[i++] = bpf_core_type_exists(initcall_t___bad);
	out[i++] = bpf_core_type_exists(struct inner___x);
	out[i++] = bpf_core_type_exists(union kernfs_node_id___no);
	out[i++] = bpf_core_type_exists(gfp_t);
	out[i++] = bpf_core_type_exists(enum pid_type);
	out[i++] = bpf_core_type_exists(btf_trace_sched_switch);
	out[i++] = bpf_core_type_exists(initcall_t);
	out[i++] = bpf_core_type_exists(initcall_t___bad);
	out[i++] = bpf_core_type_exists(struct list_head);
	out[i++] = bpf_core_type_exists(struct hlist_head);
	out[i++] = bpf_core_type_exists(struct hlist_head___bad);
	out[i++] = bpf_core_type_exists(struct path);
	out[i++] = bpf_core_type_exists(struct qstr);
	out[i++] = bpf_core_type_exists(struct task_struct);
	out[i++] = bpf_core_type_exists(enum pid_type);
	out[i++] = bpf_core_type_exists(enum pid_type___bad);
	out[i++] = bpf_core_type_exists(struct cache);
	out[i++] = bpf_core_type_size(struct task_struct);
	out[i++] = bpf_core_type_size(gfp_t);
	out[i++] = bpf_core_type_size(btf_trace_sched_switch);
	out[i++] = bpf_core_type_size(struct irq_info);
	out[i++] = bpf_core_type_id_local(struct task_struct);
	out[i++] = bpf_core_enum_value_exists(enum bpf_link_type, BPF_LINK_TYPE_XDP);
	out[i++] = bpf_core_enum_value_exists(enum bpf_link_type___no, BPF_LINK_TYPE_NO_SUCH);
	out[i++] = bpf_core_enum_value(enum cpu_usage_stat, CPUTIME_IDLE);
	out[i++] = bpf_core_enum_value_exists(enum cpu_usage_stat, CPUTIME_NO);
	out[i++] = BPF_CORE_READ_BITFIELD_PROBED(tp, nonagle);
	out[i++] = BPF_CORE_READ_BITFIELD_PROBED(tp, repair);
	out[i++] = BPF_CORE_READ_BITFIELD_PROBED(skb, ip_summed);
	out[i++] = BPF_CORE_READ_BITFIELD_PROBED(skb, pkt_type);
	out[i++] = BPF_CORE_READ_BITFIELD_PROBED(t, in_execve);
	out[i++] = bpf_core_field_size(t->comm);
	out[i++] = bpf_core_field_size(t->comm[3]);
	out[i++] = bpf_core_field_offset(t->comm[20]);
	out[i++] = bpf_core_field_exists(bio->bi_inline_vecs[3].bv_len);
	out[i++] = bpf_core_field_offset(bio->bi_inline_vecs[3].bv_len);
	out[i++] = bpf_core_field_exists(memcg->nodeinfo[5]);
	out[i++] = bpf_core_field_offset(memcg->nodeinfo[5]);
	out[i++] = bpf_core_field_exists(((struct irq_info *)ctx)->irq);
	out[i++] = bpf_core_field_offset(((struct irq_info *)ctx)->irq);
	out[i++] = bpf_core_field_offset(((struct qstr *)ctx)->len);
	out[i++] = bpf_core_field_offset(((struct qstr *)ctx)->name);
	out[i++] = bpf_core_field_exists(((struct hlist_head___bad *)ctx)->first);
	out[i++] = bpf_core_field_exists(((mm_segment_t *)ctx)->seg);
	out[i++] = bpf_core_field_offset(((atomic_t *)ctx)->counter);
	out[i++] = bpf_core_field_exists(((struct thread_info *)ctx)->cpu);
	out[i++] = bpf_core_field_exists(((struct cfs_rq *)ctx)->nr_queued);
	out[i++] = bpf_core_field_exists(((struct cfs_rq *)ctx)->h_nr_running);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
