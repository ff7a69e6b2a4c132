/* DPDK's environment: which cores, which memory, which buses. Main thread. */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include "xfergate/config.h"

#define EAL_ARGS_MAX 48

struct eal_args {
	int argc;
	char *argv[EAL_ARGS_MAX + 1]; /* each allocated; NULL-terminated */
};

/* What the machine offers. */
struct eal_machine {
	cpu_set_t cpus;	     /* that we may run on */
	bool hugepages_free; /* enough for memory_mb */
};

/* Builds rte_eal_init's arguments. The main lcore is 0 on every processor that no worker has (all, if none is left);
 * worker i is lcore 1 + i, alone on its processor while there are enough. 0, -ENOMEM, or -ENODEV: no processor. */
int eal_args_build(struct eal_args *args, const struct config *config, const struct eal_machine *machine);
void eal_args_free(struct eal_args *args);

/* Whether a device string of the configuration begins with a PCI address. */
bool eal_device_is_pci(const char *device);

/* 0 or -errno, logged. */
int eal_start(const struct config *config);
void eal_stop(void);
