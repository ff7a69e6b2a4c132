#include <criterion/criterion.h>

#include "made.h"

static uint8_t big[4008]; /* a UDP datagram of 4000 bytes */

static void setup(void)
{
	uint8_t payload[4000];
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 7 + i / 256);
	made_udp(big, 5060, 5061, payload, sizeof(payload));
}

TestSuite(fragments, .init = setup);

static void fragment(struct made *made, unsigned version, unsigned id, uint64_t ns, size_t offset, size_t len,
		     bool more)
{
	uint8_t part[4100], packet[4200];
	size_t size;
	if (version == 4) {
		size = made_ip4(packet, 1, 2, IPPROTO_UDP, id, (unsigned)offset / 8 | (more ? 0x2000 : 0), big + offset,
				len);
	} else {
		size = made_fragment6(part, IPPROTO_UDP, id, (unsigned)offset, more, big + offset, len);
		size = made_ip6(packet, 1, 2, IPPROTO_FRAGMENT, part, size);
	}
	made_packet(made, ns, packet, size, size);
}

struct part {
	size_t offset, len;
	bool more;
};

struct row {
	const char *name;
	struct part parts[6];
	unsigned whole;
	unsigned lost;
};

static const struct row rows[] = {
    {"in order", {{0, 1480, 1}, {1480, 1480, 1}, {2960, 1048, 0}}, 1, 0},
    {"last first", {{2960, 1048, 0}, {1480, 1480, 1}, {0, 1480, 1}}, 1, 0},
    {"middle last", {{0, 1480, 1}, {2960, 1048, 0}, {1480, 1480, 1}}, 1, 0},
    {"first missing", {{1480, 1480, 1}, {2960, 1048, 0}}, 0, 2},
    {"last missing", {{0, 1480, 1}, {1480, 1480, 1}}, 0, 2},
    {"one twice", {{0, 1480, 1}, {0, 1480, 1}, {1480, 1480, 1}, {2960, 1048, 0}}, 1, 0},
    {"last twice", {{2960, 1048, 0}, {2960, 1048, 0}, {0, 1480, 1}, {1480, 1480, 1}}, 1, 0},
    {"overlap of one block", {{0, 1488, 1}, {1480, 1480, 1}, {2960, 1048, 0}}, 0, 3},
    {"overlap after all", {{0, 1480, 1}, {2960, 1048, 0}, {0, 2960, 1}, {1480, 1480, 1}}, 0, 4},
    {"beyond the last", {{2960, 8, 0}, {2968, 1040, 0}, {0, 1480, 1}, {1480, 1480, 1}}, 0, 4},
    {"two ends", {{2960, 1048, 0}, {2960, 1040, 0}, {0, 1480, 1}, {1480, 1480, 1}}, 0, 4},
    {"part of 8 bytes is not", {{0, 1479, 1}, {1480, 2528, 0}}, 0, 2},
};

Test(fragments, orders_holes_and_overlaps)
{
	for (unsigned version = 4; version <= 6; version += 2)
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct made made;
			struct got got;
			unsigned n = 0;
			made_begin(&made, MADE_PCAP_NS, false, 101);
			for (; n < 6 && rows[i].parts[n].len; n++)
				fragment(&made, version, 77, MADE_EPOCH + n, rows[i].parts[n].offset,
					 rows[i].parts[n].len, rows[i].parts[n].more);
			got_read(&got, &made);
			cr_assert_eq(got.count, rows[i].whole, "v%u, %s", version, rows[i].name);
			cr_assert_eq(got.notes.fragments, n);
			cr_assert_eq(got.notes.fragments_lost, rows[i].lost, "v%u, %s: %lu", version, rows[i].name,
				     (unsigned long)got.notes.fragments_lost);
			if (i < 3) {
				cr_assert(got_is(&got, 0, big + 8, 4000), "v%u, %s", version, rows[i].name);
				cr_assert(!got_unit(&got, 0)->ip && got_unit(&got, 0)->number == 3);
				cr_assert_eq(got_unit(&got, 0)->from.port, 5060);
			}
			got_free(&got);
			made_free(&made);
		}
}

Test(fragments, datagrams_do_not_mix)
{
	struct made made;
	struct got got;
	made_begin(&made, MADE_PCAP_NS, false, 101);
	fragment(&made, 4, 1, MADE_EPOCH, 0, 1480, true);
	fragment(&made, 4, 2, MADE_EPOCH, 0, 1480, true);
	fragment(&made, 6, 1, MADE_EPOCH, 0, 1480, true);
	fragment(&made, 4, 2, MADE_EPOCH, 1480, 2528, false);
	fragment(&made, 6, 1, MADE_EPOCH, 1480, 2528, false);
	fragment(&made, 6, 2, MADE_EPOCH, 1480, 2528, false);
	got_read(&got, &made);
	cr_assert_eq(got.count, 2);
	cr_assert(got_unit(&got, 0)->number == 4 && got_unit(&got, 1)->number == 5);
	cr_assert(got_is(&got, 0, big + 8, 4000) && got_is(&got, 1, big + 8, 4000));
	cr_assert_eq(got.notes.fragments_lost, 2);
	got_free(&got);
	made_free(&made);
}

Test(fragments, half_a_minute_is_the_limit)
{
	struct made made;
	struct got got;
	made_begin(&made, MADE_PCAP_NS, false, 101);
	fragment(&made, 4, 1, MADE_EPOCH, 0, 1480, true);
	fragment(&made, 4, 2, MADE_EPOCH, 0, 1480, true);
	fragment(&made, 4, 1, MADE_EPOCH + 30 * MADE_SECOND, 1480, 2528, false);
	fragment(&made, 4, 2, MADE_EPOCH + 30 * MADE_SECOND + 1, 1480, 2528, false);
	got_read(&got, &made);
	cr_assert_eq(got.count, 1);
	cr_assert_eq(got_unit(&got, 0)->number, 3);
	cr_assert_eq(got.notes.fragments_lost, 2);
	got_free(&got);
	made_free(&made);
}

/* The 257th open datagram takes the oldest one's place; the 256th does not. */
Test(fragments, at_most_256_datagrams)
{
	for (unsigned count = 256; count <= 257; count++) {
		struct made made;
		struct got got;
		made_begin(&made, MADE_PCAP_NS, false, 101);
		for (unsigned id = 1; id <= count; id++)
			fragment(&made, 4, id, MADE_EPOCH + id, 0, 1480, true);
		fragment(&made, 4, 1, MADE_EPOCH + 300, 1480, 2528, false);
		got_read(&got, &made);
		cr_assert_eq(got.count, count == 256);
		got_free(&got);
		made_free(&made);
	}
}

Test(fragments, cut_by_the_capture)
{
	struct made made;
	struct got got;
	uint8_t packet[2000];
	size_t len = made_ip4(packet, 1, 2, IPPROTO_UDP, 9, 0x2000, big, 1480);
	made_begin(&made, MADE_PCAP_NS, false, 101);
	made_packet(&made, MADE_EPOCH, packet, len - 8, len);
	fragment(&made, 4, 9, MADE_EPOCH, 1480, 2528, false);
	got_read(&got, &made);
	cr_assert_eq(got.count, 0);
	cr_assert_eq(got.notes.fragments_lost, 2);
	cr_assert_eq(got.notes.cut, 1);
	got_free(&got);
	made_free(&made);
}

/* What comes before the fragment header stays, and names what comes after it (RFC 8200 section 4.5). */
Test(fragments, v6_with_other_extension_headers)
{
	struct capture_reassembly *r;
	uint8_t part[3000], packet[3100];
	const uint8_t *whole;
	size_t whole_len;

	cr_assert_eq(capture_reassembly_create(&r), 0);
	for (unsigned n = 0; n < 2; n++) {
		static const uint8_t options[16] = {43, 0, 1, 4, 0, 0, 0, 0, IPPROTO_FRAGMENT};
		size_t at = n * 2000, len = n ? sizeof(big) - 2000 : 2000;
		memcpy(part, options, 16);
		len = 16 + made_fragment6(part + 16, IPPROTO_UDP, 5, (unsigned)at, n == 0, big + at, len);
		len = made_ip6(packet, 1, 2, 0, part, len);
		cr_assert_eq(capture_reassembly_add(r, n, packet, len, &whole, &whole_len), (int)n);
	}
	cr_assert_eq(whole_len, 40 + 16 + sizeof(big));
	cr_assert(whole[6] == 0 && whole[40] == 43 && whole[48] == IPPROTO_UDP);
	cr_assert_eq((whole[4] << 8 | whole[5]), (int)(16 + sizeof(big)));
	cr_assert(memcmp(whole + 56, big, sizeof(big)) == 0);
	/* A fragment that is all there is (RFC 6946). */
	size_t len = made_fragment6(part, IPPROTO_UDP, 5, 0, false, big, 100);
	len = made_ip6(packet, 1, 2, IPPROTO_FRAGMENT, part, len);
	cr_assert_eq(capture_reassembly_add(r, 3, packet, len, &whole, &whole_len), 1);
	cr_assert(whole_len == 140 && whole[6] == IPPROTO_UDP && memcmp(whole + 40, big, 100) == 0);
	capture_reassembly_destroy(r);
}

Test(fragments, v4_header_is_right_again)
{
	struct capture_reassembly *r;
	uint8_t packet[3100];
	const uint8_t *whole;
	size_t whole_len, len;
	uint32_t sum = 0;

	cr_assert_eq(capture_reassembly_create(&r), 0);
	len = made_ip4(packet, 1, 2, IPPROTO_UDP, 5, 0, big, 100);
	cr_assert_eq(capture_reassembly_add(r, 1, packet, len, &whole, &whole_len), -EBADMSG, "no fragment");
	len = made_ip4(packet, 1, 2, IPPROTO_UDP, 5, 0x2000, big, 2000);
	cr_assert_eq(capture_reassembly_add(r, 1, packet, len, &whole, &whole_len), 0);
	len = made_ip4(packet, 1, 2, IPPROTO_UDP, 5, 250, big + 2000, 2008);
	cr_assert_eq(capture_reassembly_add(r, 1, packet, len, &whole, &whole_len), 1);
	for (unsigned i = 0; i < 20; i += 2)
		sum += (uint32_t)whole[i] << 8 | whole[i + 1];
	cr_assert_eq((sum + (sum >> 16)) & 0xffff, 0xffff);
	cr_assert(whole_len == 20 + sizeof(big) && whole[6] == 0 && whole[7] == 0);
	cr_assert_eq((whole[2] << 8 | whole[3]), (int)whole_len);
	capture_reassembly_destroy(r);
}

/* Exactly 65,535 bytes with the header pass, one more does not. */
Test(fragments, too_long)
{
	static const size_t cases[] = {65535 - 20, 65535 - 20 + 1};
	for (unsigned i = 0; i < 2; i++) {
		struct capture_reassembly *r;
		static uint8_t packet[65600], zeros[65600];
		const uint8_t *whole;
		size_t whole_len, len;
		cr_assert_eq(capture_reassembly_create(&r), 0);
		len = made_ip4(packet, 1, 2, IPPROTO_UDP, 5, 0x2000, zeros, 60000);
		cr_assert_eq(capture_reassembly_add(r, 1, packet, len, &whole, &whole_len), 0);
		len = made_ip4(packet, 1, 2, IPPROTO_UDP, 5, 60000 / 8, zeros, cases[i] - 60000);
		cr_assert_eq(capture_reassembly_add(r, 1, packet, len, &whole, &whole_len), i ? -EBADMSG : 1);
		capture_reassembly_destroy(r);
	}
}
