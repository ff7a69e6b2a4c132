#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "pcap_port.h"

Test(pcap_port, arg)
{
	static const struct {
		const char *device, *key, *want;
	} rows[] = {
	    {"net_pcap0,rx_pcap=in.pcap,tx_pcap=/a/out.pcap", "rx_pcap", "in.pcap"},
	    {"net_pcap0,rx_pcap=in.pcap,tx_pcap=/a/out.pcap", "tx_pcap", "/a/out.pcap"},
	    {"net_pcap0,tx_pcap=rx_pcap=,rx_pcap=b", "rx_pcap", "b"},
	    {"net_pcap0,rx_pcap=0123456789abcde", "rx_pcap", "0123456789abcde"},
	    {"net_pcap0,rx_pcap=0123456789abcdef", "rx_pcap", NULL},
	    {"net_pcap0,rx_pcap=", "rx_pcap", NULL},
	    {"net_pcap0,rx_pcap", "rx_pcap", NULL},
	    {"net_pcap0,xrx_pcap=in.pcap", "rx_pcap", NULL},
	    {"net_pcap0", "rx_pcap", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[16];
		bool found = pcap_port_arg(out, sizeof(out), rows[i].device, rows[i].key);
		cr_expect_eq(found, rows[i].want != NULL, "%s", rows[i].device);
		if (found && rows[i].want)
			cr_expect_str_eq(out, rows[i].want);
	}
}

static char path[] = "/tmp/xfergate-capture-XXXXXX";

/* A capture of frames of 60 bytes, each cut off at caplen. */
static void capture(const uint8_t (*frames)[60], unsigned count, uint32_t caplen)
{
	const uint32_t head[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1}, record[4] = {1, 0, caplen, 60};
	FILE *f = fdopen(mkstemp(path), "w");

	cr_assert_not_null(f);
	fwrite(head, sizeof(head), 1, f);
	for (unsigned i = 0; i < count; i++) {
		fwrite(record, sizeof(record), 1, f);
		fwrite(frames[i], caplen, 1, f);
	}
	fclose(f);
}

static int look(struct pcap_port *out, const char *more)
{
	struct xf_prefix addresses[2] = {{.prefix_len = 24}, {.prefix_len = 64}};
	char device[128];
	struct config_port port = {.name = "p", .device = device, .addresses = addresses, .address_count = 2};

	snprintf(device, sizeof(device), "net_pcap0,rx_pcap=%s%s", path, more);
	cr_assert_eq(xf_addr_parse(&addresses[0].addr, "192.0.2.1"), 0);
	cr_assert_eq(xf_addr_parse(&addresses[1].addr, "2001:db8::1"), 0);
	int r = pcap_port_look(out, &port);
	unlink(path);
	return r;
}

/* The MAC of the first unicast frame for one of our addresses: not of broadcasts, of others' packets, or of fewer bytes
 * than an address needs. */
Test(pcap_port, mac)
{
	uint8_t frames[4][60] = {
	    {[0] = 0xff, [12] = 8, [14] = 0x45, [30] = 192, 0, 2, 1},
	    {[0] = 2, [5] = 1, [12] = 8, [14] = 0x45, [30] = 192, 0, 2, 2},
	    {[0] = 2, [5] = 2, [12] = 0x81, [16] = 0x86, 0xdd, 0x60, [42] = 0x20, 1, 0x0d, 0xb8, [57] = 1},
	    {[0] = 2, [5] = 3, [12] = 8, [14] = 0x45, [30] = 192, 0, 2, 1},
	};
	static const struct {
		unsigned count, caplen;
		const char *more;
		bool found;
		uint8_t last;
		uint32_t frames;
	} rows[] = {
	    {4, 60, "", true, 2, 0},
	    {2, 60, "", false, 0, 0},
	    {4, 60, ",infinite_rx=1", true, 2, 4},
	    {4, 60, ",infinite_rx=0", true, 2, 0},
	    {4, 57, "", true, 3, 0},
	    {4, 33, "", false, 0, 0},
	    {4, 13, "", false, 0, 0},
	    {0, 60, ",infinite_rx=1", false, 0, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pcap_port out;
		strcpy(path + strlen(path) - 6, "XXXXXX");
		capture((const uint8_t(*)[60])frames, rows[i].count, rows[i].caplen);
		cr_assert_eq(look(&out, rows[i].more), 0);
		cr_expect(out.reads);
		cr_expect_eq(out.mac_found, rows[i].found, "row %zu", i);
		cr_expect_eq(out.mac[5], rows[i].last, "row %zu: %u", i, out.mac[5]);
		cr_expect_eq(out.frames, rows[i].frames, "row %zu", i);
	}
}

Test(pcap_port, refused)
{
	struct pcap_port out;

	cr_expect_eq(look(&out, ""), -ENOENT);
	cr_expect(!out.mac_found);
}
