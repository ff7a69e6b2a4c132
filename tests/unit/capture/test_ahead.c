/* Read ahead by a thread, the units are those that the reader itself gives, byte for byte, with the same end. */
#include <criterion/criterion.h>

#include "capture/ahead.h"
#include "made.h"

#define PACKETS 9000 /* several chunks */

/* Datagrams of all sizes, some in two fragments, among them one that fills more than a chunk's worth with the others.
 */
static void make(struct made *made, bool damaged)
{
	static uint8_t payload[65000], udp[65536], packet[65536];
	made_begin(made, MADE_PCAP_NS, false, 101);
	for (unsigned i = 0; i < PACKETS; i++) {
		size_t len = i % 1000 == 999 ? sizeof(payload) : 1 + i * 7 % 1200;
		uint64_t ns = MADE_EPOCH + i * 1000000ull;
		memset(payload, (int)i, len);
		len = made_udp(udp, 1 + i % 3, 4, payload, len);
		if (i % 50 == 7) {
			size_t first = len / 2 & ~7ul,
			       n = made_ip4(packet, 1 + i % 3, 4, IPPROTO_UDP, i, 0x2000, udp, first);
			made_packet(made, ns, packet, n, n);
			n = made_ip4(packet, 1 + i % 3, 4, IPPROTO_UDP, i, (unsigned)(first / 8), udp + first,
				     len - first);
			made_packet(made, ns + 10, packet, n, n);
		} else {
			len = made_ip4(packet, 1 + i % 3, 4, IPPROTO_UDP, 0, 0, udp, len);
			made_packet(made, ns, packet, len, len);
		}
	}
	made_end(made);
	if (damaged)
		made->len -= 5;
}

static struct capture_ahead *start(const struct made *made)
{
	struct capture_reader *reader;
	struct capture_ahead *ahead;
	char why[CAPTURE_WHY];
	cr_assert_eq(capture_reader_memory(&reader, made->data, made->len, why), 0, "%s", why);
	cr_assert_eq(capture_ahead_start(&ahead, reader), 0);
	return ahead;
}

static void expect_same(const struct capture_unit *a, const struct capture_unit *b)
{
	cr_assert_eq(a->kind, b->kind);
	cr_assert_eq(a->number, b->number);
	cr_assert_eq(a->ns, b->ns);
	cr_assert_eq(a->len, b->len);
	cr_assert_eq(a->cut, b->cut);
	cr_assert(xf_sockaddr_eq(&a->from, &b->from) && xf_sockaddr_eq(&a->to, &b->to));
	cr_assert_eq(memcmp(a->data, b->data, a->len), 0);
	cr_assert_eq(!a->ip, !b->ip);
	cr_assert_eq(a->ip_len, b->ip_len);
	cr_assert(!a->ip || memcmp(a->ip, b->ip, a->ip_len) == 0);
	cr_assert(!a->ip || a->data - a->ip == b->data - b->ip);
}

static void compare(bool damaged, unsigned expected)
{
	struct made made;
	struct capture_reader *reader;
	struct capture_unit a, b;
	char why[CAPTURE_WHY];
	unsigned count = 0;
	make(&made, damaged);
	cr_assert_eq(capture_reader_memory(&reader, made.data, made.len, why), 0, "%s", why);
	struct capture_ahead *ahead = start(&made);
	for (int r = 1; r == 1;) {
		r = capture_reader_next(reader, &a);
		cr_assert_eq(capture_ahead_next(ahead, &b), r, "unit %u", count);
		if (r == 1)
			expect_same(&a, &b);
		count += r == 1;
	}
	cr_expect_eq(count, expected);
	cr_expect_eq(capture_ahead_next(ahead, &b), 0, "the end stays the end");
	capture_ahead_stop(ahead);
	capture_reader_close(reader);
	made_free(&made);
}

Test(ahead, the_same_units)
{
	compare(false, PACKETS);
}

Test(ahead, of_a_truncated_file)
{
	compare(true, PACKETS - 1);
}

/* Whoever has enough before the end leaves nothing behind: no thread, no memory. */
Test(ahead, stopped_early)
{
	struct made made;
	make(&made, false);
	for (unsigned taken = 0; taken < 5000; taken += 700) {
		struct capture_ahead *ahead = start(&made);
		struct capture_unit unit;
		for (unsigned i = 0; i < taken; i++)
			cr_assert_eq(capture_ahead_next(ahead, &unit), 1);
		capture_ahead_stop(ahead);
	}
	capture_ahead_stop(NULL);
	made_free(&made);
}
