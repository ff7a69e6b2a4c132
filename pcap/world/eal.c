#include <errno.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>
#include "world/world.h"

/* Every processor that we may use, as one lcore: nothing is pinned, so that many worlds can run side by side. */
static void eal_processors(char *text, size_t size)
{
	cpu_set_t cpus;
	size_t n = (size_t)snprintf(text, size, "0@(");
	const char *comma = "";
	CPU_ZERO(&cpus);
	if (sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		CPU_SET(0, &cpus);
	for (unsigned c = 0; c < CPU_SETSIZE && n < size - 16; c++) {
		if (!CPU_ISSET(c, &cpus))
			continue;
		n += (size_t)snprintf(text + n, size - n, "%s%u", comma, c);
		comma = ",";
	}
	snprintf(text + n, size - n, ")");
}

int world_init(const char *argv0, unsigned memory_mb)
{
	char name[256], lcores[4096], memory[16], prefix[64];
	snprintf(name, sizeof(name), "%s", argv0);
	eal_processors(lcores, sizeof(lcores));
	snprintf(memory, sizeof(memory), "%u", memory_mb);
	snprintf(prefix, sizeof(prefix), "xfergate-world-%d", getpid());
	char lcores_option[] = "--lcores", memory_option[] = "-m", prefix_option[] = "--file-prefix";
	char no_huge[] = "--no-huge", no_pci[] = "--no-pci", no_shconf[] = "--no-shconf";
	char no_telemetry[] = "--no-telemetry", level[] = "--log-level=error", iova[] = "--iova-mode=va";
	char *argv[] = {name,	 lcores_option, lcores,	   memory_option, memory, prefix_option, prefix,
			no_huge, no_pci,	no_shconf, no_telemetry,  level,  iova,		 NULL};
	if (rte_eal_init((int)(sizeof(argv) / sizeof(*argv)) - 1, argv) < 0) {
		fprintf(stderr, "%s: DPDK does not start: %s\n", argv0, rte_strerror(rte_errno));
		return rte_errno > 0 ? -rte_errno : -EIO;
	}
	/* It makes this folder even when it puts nothing there. */
	rmdir(rte_eal_get_runtime_dir());
	return 0;
}
