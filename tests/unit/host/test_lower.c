#include <criterion/criterion.h>
#include <errno.h>
#include "lower.h"
#include "port.h"

Test(lower, name)
{
	static const struct {
		const char *device, *want;
	} rows[] = {
	    {"net_af_xdp0,iface=eth1", "eth1"},
	    {"net_af_packet3,qpairs=2,iface=veth0,blocksz=4096", "veth0"},
	    {"net_af_xdp0,iface=abcdefghijklmno", "abcdefghijklmno"},
	    {"net_af_xdp0,iface=abcdefghijklmnop", NULL},
	    {"net_af_xdp0,iface=", NULL},
	    {"net_af_xdp0", NULL},
	    {"net_af_xdp0,xiface=eth1", NULL},
	    {"net_pcap0,iface=eth1", NULL},
	    {"0000:3b:00.0", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char name[IFNAMSIZ];
		bool found = lower_name(name, rows[i].device);
		cr_expect_eq(found, rows[i].want != NULL, "%s", rows[i].device);
		if (found && rows[i].want)
			cr_expect_str_eq(name, rows[i].want);
	}
}

Test(lower, fallback)
{
	char out[64];

	cr_expect_eq(port_fallback_device(out, sizeof(out), "net_af_xdp12,iface=eth1,start_queue=2"), 0);
	cr_expect_str_eq(out, "net_af_packet12,iface=eth1");
	cr_expect_eq(port_fallback_device(out, sizeof(out), "net_af_packet0,iface=eth1"), -ENOENT);
	cr_expect_eq(port_fallback_device(out, sizeof(out), "0000:3b:00.0"), -ENOENT);
	cr_expect_eq(port_fallback_device(out, 10, "net_af_xdp0,iface=eth1"), -ENAMETOOLONG);
}

Test(lower, device_args)
{
	char out[128];

	cr_expect_eq(device_args(out, sizeof(out), "net_af_xdp0,iface=eth1"), 0);
	cr_expect_str_eq(out, "iface=eth1");
	cr_expect_eq(device_args(out, sizeof(out), "net_af_packet0,iface=eth1"), 0);
	cr_expect_str_eq(out, "iface=eth1,blocksz=4096,framesz=4096,framecnt=512");
	cr_expect_eq(device_args(out, sizeof(out), "net_af_packet0,iface=eth1,framesz=2048"), 0);
	cr_expect_str_eq(out, "iface=eth1,framesz=2048");
	cr_expect_eq(device_args(out, sizeof(out), "net_null0"), 0);
	cr_expect_str_empty(out);
	cr_expect_eq(device_args(out, 20, "net_af_packet0,iface=eth1"), -ENAMETOOLONG);
}
