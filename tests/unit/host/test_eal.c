#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "eal.h"

static char *joined(const struct eal_args *args)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	for (int i = 1; i < args->argc; i++)
		fprintf(f, "%s%s", i > 1 ? " " : "", args->argv[i]);
	fclose(f);
	return text;
}

static const struct {
	const char *name;
	const char *devices[2];
	unsigned workers;
	unsigned cpus[5]; /* ends with 999 */
	bool hugepages;
	const char *want;
} cases[] = {
    {"two processors, one worker",
     {"net_af_xdp0,iface=a", "net_af_xdp1,iface=b"},
     1,
     {0, 1, 999},
     false,
     "--lcores=0@(0),1@1 --main-lcore=0 --no-pci --file-prefix=xfergate --log-level=notice "
     "--log-level=lib.telemetry:error --no-huge "
     "--no-shconf -m 256"},
    {"one processor for all",
     {"net_af_packet0,iface=a"},
     2,
     {3, 999},
     false,
     "--lcores=0@(3),1@3,2@3 --main-lcore=0 --no-pci --file-prefix=xfergate --log-level=notice "
     "--log-level=lib.telemetry:error "
     "--no-huge --no-shconf -m 256"},
    {"as many workers as processors",
     {"net_af_packet0,iface=a"},
     2,
     {0, 1, 999},
     false,
     "--lcores=0@(0,1),1@1,2@0 --main-lcore=0 --no-pci --file-prefix=xfergate --log-level=notice "
     "--log-level=lib.telemetry:error "
     "--no-huge --no-shconf -m 256"},
    {"a PCI port and hugepages",
     {"net_af_xdp0,iface=a", "0000:3b:00.1"},
     1,
     {2, 4, 6, 999},
     true,
     "--lcores=0@(2,4),1@6 --main-lcore=0 --allow=0000:3b:00.1 --file-prefix=xfergate "
     "--log-level=notice --log-level=lib.telemetry:error --in-memory"},
    {"memory that a peer maps must be in few pieces",
     {"net_virtio_user0,path=/run/vhost.sock"},
     1,
     {0, 1, 999},
     true,
     "--lcores=0@(0),1@1 --main-lcore=0 --no-pci --file-prefix=xfergate --log-level=notice "
     "--log-level=lib.telemetry:error --in-memory --single-file-segments"},
};

Test(eal, members)
{
	char *members[] = {"0000:3b:00.0", "0000:3b:00.1", "net_virtio_user1,path=/run/vhost.sock"};
	struct config_port port = {.device = "net_bonding0,mode=1", .members = members, .member_count = 3};
	struct config config = {.workers = 1, .memory_mb = 256, .ports = &port, .port_count = 1};
	struct eal_machine machine = {.hugepages_free = true};
	struct eal_args args;

	CPU_ZERO(&machine.cpus);
	CPU_SET(0, &machine.cpus);
	cr_assert_eq(eal_args_build(&args, &config, &machine), 0);
	char *text = joined(&args);
	cr_expect_not_null(strstr(text, "--allow=0000:3b:00.0 --allow=0000:3b:00.1 "), "%s", text);
	cr_expect_null(strstr(text, "--no-pci"), "%s", text);
	cr_expect_not_null(strstr(text, "--single-file-segments"), "%s", text);
	free(text);
	eal_args_free(&args);
}

Test(eal, args)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config_port ports[2] = {{.device = (char *)cases[i].devices[0]},
					       {.device = (char *)cases[i].devices[1]}};
		struct config config = {
		    .workers = cases[i].workers,
		    .memory_mb = 256,
		    .ports = ports,
		    .port_count = cases[i].devices[1] ? 2 : 1,
		};
		struct eal_machine machine = {.hugepages_free = cases[i].hugepages};
		struct eal_args args;

		CPU_ZERO(&machine.cpus);
		for (unsigned k = 0; cases[i].cpus[k] != 999; k++)
			CPU_SET(cases[i].cpus[k], &machine.cpus);
		cr_assert_eq(eal_args_build(&args, &config, &machine), 0, "%s", cases[i].name);
		char *text = joined(&args);
		cr_expect_str_eq(text, cases[i].want, "%s: %s", cases[i].name, text);
		cr_expect_null(args.argv[args.argc]);
		free(text);
		eal_args_free(&args);
	}
}

Test(eal, no_processor)
{
	struct config config = {.workers = 1};
	struct eal_machine machine = {0};
	struct eal_args args;

	CPU_ZERO(&machine.cpus);
	cr_expect_eq(eal_args_build(&args, &config, &machine), -ENODEV);
	cr_expect_eq(args.argc, 0);
}

Test(eal, too_many_devices)
{
	struct config_port ports[EAL_ARGS_MAX] = {0};
	struct config config = {.workers = 1, .ports = ports, .port_count = EAL_ARGS_MAX};
	struct eal_machine machine = {0};
	struct eal_args args;

	CPU_ZERO(&machine.cpus);
	CPU_SET(0, &machine.cpus);
	for (unsigned i = 0; i < EAL_ARGS_MAX; i++)
		ports[i].device = "0000:00:00.0";
	cr_expect_eq(eal_args_build(&args, &config, &machine), -E2BIG);
}

Test(eal, pci)
{
	static const struct {
		const char *device;
		bool pci;
	} rows[] = {
	    {"0000:3b:00.0", true},
	    {"3b:00.0", true},
	    {"0000:3b:00.0,representor=0", true},
	    {"0000:3b:00.8", false},
	    {"net_af_xdp0,iface=a", false},
	    {"0000:3b:00.0x", false},
	    {"", false},
	    {"net_pcap0", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_eq(eal_device_is_pci(rows[i].device), rows[i].pci, "%s", rows[i].device);
}
