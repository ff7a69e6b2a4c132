#include "eal.h"

#include <sched.h>
#include <stdio.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include "turns.h"

void bench_eal(unsigned memory_mb)
{
	char lcores[64] = "0@(", memory[16];
	cpu_set_t set;
	int cpu = 0;
	turns_require(sched_getaffinity(0, sizeof(set), &set) == 0, "no processor");
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	snprintf(lcores + 3, sizeof(lcores) - 3, "%d)", cpu);
	snprintf(memory, sizeof(memory), "%u", memory_mb);
	char *argv[] = {"bench", "--no-huge", "--no-shconf", "--no-pci",    "--no-telemetry", "-m",
			memory,	 "--lcores",  lcores,	     "--log-level", "*:error",	      NULL};
	turns_require(rte_eal_init(11, argv) >= 0, "rte_eal_init: %s", rte_strerror(rte_errno));
}
