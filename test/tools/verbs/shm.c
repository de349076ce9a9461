// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * System V shared memory.
 *
 *   shm      KEY BYTES              shmget(KEY, BYTES, IPC_CREAT|IPC_EXCL|0640), shmat(SHM_RDONLY),
 *                                   shmdt, shmctl(IPC_STAT), shmctl(IPC_RMID); then three that fail:
 *                                   shmget(KEY, BYTES, 0), shmat(-1, NULL, SHM_RND), shmdt(4096);
 *                                   prints "SHMID ADDRESS", the address as 0x..
 */
#include "work.h"
#include <sys/ipc.h>
#include <sys/shm.h>

static void do_shm(char **arg)
{
	long key = number(arg[0]), bytes = amount(arg[1]), addr;
	struct shmid_ds ds;
	int id = must(shmget(key, bytes, IPC_CREAT | IPC_EXCL | 0640), "shmget");
	void *p = shmat(id, NULL, SHM_RDONLY);

	if (p == (void *)-1)
		die(1, "shmat: %s", strerror(errno));
	addr = (long)p;
	must(shmdt(p), "shmdt");
	must(shmctl(id, IPC_STAT, &ds), "shmctl(IPC_STAT)");
	must(shmctl(id, IPC_RMID, NULL), "shmctl(IPC_RMID)");
	if (shmget(key, bytes, 0) >= 0 || shmat(-1, NULL, SHM_RND) != (void *)-1 ||
	    !shmdt((void *)4096))
		die(1, "what should fail did not");
	printf("%d %#lx\n", id, addr);
}

VERB("shm", 2, 2, do_shm);
