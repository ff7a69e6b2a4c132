#include "eal.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include "log.h"

static int eal_args_add(struct eal_args *args, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int eal_args_add(struct eal_args *args, const char *format, ...)
{
	va_list ap;

	if (args->argc == EAL_ARGS_MAX)
		return -E2BIG;
	va_start(ap, format);
	int n = vasprintf(&args->argv[args->argc], format, ap);
	va_end(ap);
	if (n < 0) {
		args->argv[args->argc] = NULL;
		return -ENOMEM;
	}
	args->argv[++args->argc] = NULL;
	return 0;
}

void eal_args_free(struct eal_args *args)
{
	for (int i = 0; i < args->argc; i++)
		free(args->argv[i]);
	*args = (struct eal_args){0};
}

bool eal_device_is_pci(const char *device)
{
	unsigned domain, bus, slot, function;
	int end = -1;

	if (sscanf(device, "%4x:%2x:%2x.%1x%n", &domain, &bus, &slot, &function, &end) != 4 || end < 0) {
		end = -1;
		if (sscanf(device, "%2x:%2x.%1x%n", &bus, &slot, &function, &end) != 3 || end < 0)
			return false;
	}
	return function < 8 && (device[end] == 0 || device[end] == ',');
}

/* "0@(1,2),1@3": the n-th lcore on which processors. */
static int eal_lcores_add(struct eal_args *args, unsigned workers, const cpu_set_t *cpus)
{
	unsigned list[CPU_SETSIZE], count = 0, used = 0;
	char text[8192];
	size_t n = 0;

	for (unsigned c = 0; c < CPU_SETSIZE; c++)
		if (CPU_ISSET(c, cpus))
			list[count++] = c;
	if (count == 0)
		return -ENODEV;
	/* Workers take processors from the end, as interrupts and the rest of the system like the first. */
	if (workers < count)
		used = workers;
	n += (size_t)snprintf(text + n, sizeof(text) - n, "0@(");
	for (unsigned i = 0; i < count - used && n < sizeof(text) - 512; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u", i ? "," : "", list[i]);
	n += (size_t)snprintf(text + n, sizeof(text) - n, ")");
	for (unsigned w = 0; w < workers && n < sizeof(text) - 32; w++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, ",%u@%u", w + 1, list[count - 1 - w % count]);
	return eal_args_add(args, "--lcores=%s", text);
}

static int eal_bus_add(struct eal_args *args, const char *device, bool *pci)
{
	if (!eal_device_is_pci(device))
		return 0;
	*pci = true;
	return eal_args_add(args, "--allow=%s", device);
}

/* virtio-user shows its peer all our memory, and can name few pieces: each kind of page must be one. */
static bool eal_memory_is_shown(const struct config *config)
{
	static const char virtio[] = "net_virtio_user";
	bool shown = false;

	for (uint32_t i = 0; i < config->port_count; i++) {
		shown |= strncmp(config->ports[i].device, virtio, sizeof(virtio) - 1) == 0;
		for (uint32_t m = 0; m < config->ports[i].member_count; m++)
			shown |= strncmp(config->ports[i].members[m], virtio, sizeof(virtio) - 1) == 0;
	}
	return shown;
}

static int eal_buses_add(struct eal_args *args, const struct config *config)
{
	bool pci = false;
	int r = 0;

	for (uint32_t i = 0; i < config->port_count && r == 0; i++) {
		r = eal_bus_add(args, config->ports[i].device, &pci);
		for (uint32_t m = 0; m < config->ports[i].member_count && r == 0; m++)
			r = eal_bus_add(args, config->ports[i].members[m], &pci);
	}
	if (r == 0 && !pci)
		r = eal_args_add(args, "--no-pci");
	return r;
}

int eal_args_build(struct eal_args *args, const struct config *config, const struct eal_machine *machine)
{
	int r;

	*args = (struct eal_args){0};
	if ((r = eal_args_add(args, "xfergate-dataplane")) < 0 ||
	    (r = eal_lcores_add(args, config->workers, &machine->cpus)) < 0 ||
	    (r = eal_args_add(args, "--main-lcore=0")) < 0 || (r = eal_buses_add(args, config)) < 0 ||
	    /* Where DPDK's telemetry is found; it numbers the sockets if there are several daemons. */
	    (r = eal_args_add(args, "--file-prefix=xfergate")) < 0 ||
	    (r = eal_args_add(args, "--log-level=notice")) < 0 ||
	    /* It would warn that nobody uses its former interface. */
	    (r = eal_args_add(args, "--log-level=lib.telemetry:error")) < 0)
		goto err;
	if (machine->hugepages_free) {
		/* No files in hugetlbfs and no shared configuration: nothing is left after kill -9. */
		r = eal_args_add(args, "--in-memory");
		if (r == 0 && eal_memory_is_shown(config))
			r = eal_args_add(args, "--single-file-segments");
	} else if ((r = eal_args_add(args, "--no-huge")) == 0 && (r = eal_args_add(args, "--no-shconf")) == 0) {
		r = eal_args_add(args, "-m");
		if (r == 0)
			r = eal_args_add(args, "%u", config->memory_mb);
	}
	if (r == 0)
		return 0;
err:
	eal_args_free(args);
	return r;
}

/* MB of free hugepages of all sizes. */
static unsigned long eal_hugepages_free_mb(void)
{
	static const char dir[] = "/sys/kernel/mm/hugepages";
	unsigned long total_mb = 0;
	DIR *d = opendir(dir);

	if (d == NULL)
		return 0;
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		unsigned long size_kb, pages = 0;
		char path[512];
		if (sscanf(e->d_name, "hugepages-%lukB", &size_kb) != 1)
			continue;
		snprintf(path, sizeof(path), "%s/%s/free_hugepages", dir, e->d_name);
		FILE *f = fopen(path, "re");
		if (f == NULL)
			continue;
		if (fscanf(f, "%lu", &pages) == 1)
			total_mb += pages * (size_kb / 1024);
		fclose(f);
	}
	closedir(d);
	return total_mb;
}

int eal_start(const struct config *config)
{
	struct eal_machine machine = {0};
	struct eal_args args;
	char *argv[EAL_ARGS_MAX + 1];

	if (sched_getaffinity(0, sizeof(machine.cpus), &machine.cpus) < 0)
		return -errno;
	unsigned long free_mb = eal_hugepages_free_mb();
	machine.hugepages_free = free_mb >= config->memory_mb;
	if (!machine.hugepages_free)
		log_warning("no-hugepages",
			    "free_mb=%lu needed_mb=%u effect=\"ordinary memory is used: slower, and no PCI NIC\"",
			    free_mb, config->memory_mb);
	if ((unsigned)CPU_COUNT(&machine.cpus) <= config->workers && config->idle == CONFIG_IDLE_POLL)
		log_warning("few-processors", "processors=%d workers=%u effect=\"polling workers share processors\"",
			    CPU_COUNT(&machine.cpus), config->workers);
	int r = eal_args_build(&args, config, &machine);
	if (r < 0)
		return r;
	/* rte_eal_init reorders the array that it is given; ours keeps what must be freed. */
	memcpy(argv, args.argv, sizeof(argv));
	r = rte_eal_init(args.argc, argv) < 0 ? -rte_errno : 0;
	if (r < 0) {
		log_error("eal-failed", "error=\"%s\"", strerror(-r));
	} else {
		log_xdp_start();
	}
	eal_args_free(&args);
	return r;
}

void eal_stop(void)
{
	rte_eal_cleanup();
}
