/* Segments late, twice, lost; streams of other protocols. */
#include <criterion/criterion.h>

#include "made.h"

static const char one[] =
    "MESSAGE sip:b SIP/2.0\r\nCall-ID: one\r\nCSeq: 1 MESSAGE\r\nContent-Length: 20\r\n\r\n01234567890123456789";
static const char two[] = "BYE sip:b SIP/2.0\r\nCall-ID: two\r\nCSeq: 2 BYE\r\nl: 0\r\n\r\n";
static const char reply[] = "SIP/2.0 200 OK\r\nCall-ID: one\r\nCSeq: 1 MESSAGE\r\nl: 0\r\n\r\n";
#define ONE (sizeof(one) - 1)
#define TWO (sizeof(two) - 1)

static struct made made;
static struct got got;
static uint64_t now;

static void setup(void)
{
	made_begin(&made, MADE_PCAP_NS, false, 101);
	now = MADE_EPOCH;
}

static void teardown(void)
{
	got_free(&got);
	made_free(&made);
}

TestSuite(tcp, .init = setup, .fini = teardown);

static void segment_from(unsigned from, uint32_t seq, uint32_t ack, unsigned flags, const void *data, size_t len)
{
	static uint8_t packet[65536];
	size_t size = made_tcp(packet, from, 3 - from, seq, ack, flags, data, len);
	made_packet(&made, now += 1000, packet, size, size);
}

static void segment(uint32_t seq, const void *data, size_t len)
{
	segment_from(1, seq, 0, 0, data, len);
}

static void handshake(uint32_t seq, uint32_t ack)
{
	segment_from(1, seq - 1, 0, MADE_SYN, "", 0);
	segment_from(2, ack - 1, seq, MADE_SYN | MADE_ACK, "", 0);
}

Test(tcp, both_directions_and_the_end)
{
	handshake(1000, 2000);
	segment_from(1, 1000, 2000, MADE_ACK, one, ONE);
	segment_from(2, 2000, 1000 + ONE, MADE_ACK, reply, sizeof(reply) - 1);
	segment_from(1, 1000 + ONE, 2000 + sizeof(reply) - 1, MADE_ACK, two, TWO);
	segment_from(2, 2000 + sizeof(reply) - 1, 1000 + ONE + TWO, MADE_ACK | MADE_FIN, "", 0);
	segment_from(1, 1000 + ONE + TWO, 2000 + sizeof(reply), MADE_ACK | MADE_FIN, "", 0);
	segment_from(2, 2000 + sizeof(reply), 1000 + ONE + TWO + 1, MADE_ACK, "", 0);
	got_read(&got, &made);
	cr_assert_eq(got.count, 3);
	cr_assert(got_is(&got, 0, one, ONE) && got_is(&got, 1, reply, sizeof(reply) - 1) && got_is(&got, 2, two, TWO));
	const struct capture_unit *unit = got_unit(&got, 1);
	cr_assert(unit->from.addr.bytes[3] == 2 && unit->to.addr.bytes[3] == 1 && unit->from.port == 5060);
	cr_assert(unit->number == 4 && unit->ttl == 61 && !unit->ip);
	cr_assert(got.notes.tcp_streams == 1 && got.notes.tcp_streams_sip == 1 && got.notes.tcp_gaps == 0);
	cr_assert_eq(got.notes.tcp_packets, 8);
}

/* Every order of four segments gives the same two messages. */
Test(tcp, segments_in_every_order)
{
	char text[ONE + TWO + 1];
	size_t quarter = (ONE + TWO) / 4;
	strcpy(text, one);
	strcat(text, two);
	for (unsigned order = 0; order < 256; order++) {
		unsigned at[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6}, seen = 0;
		for (unsigned i = 0; i < 4; i++)
			seen |= 1u << at[i];
		if (seen != 15)
			continue;
		made_free(&made);
		setup();
		handshake(0xffffffb0u, 1);
		for (unsigned i = 0; i < 4; i++) {
			size_t from = at[i] * quarter, to = at[i] == 3 ? ONE + TWO : from + quarter;
			segment(0xffffffb0u + (uint32_t)from, text + from, to - from);
		}
		got_free(&got);
		got_read(&got, &made);
		cr_assert_eq(got.count, 2, "order %u", order);
		cr_assert(got_is(&got, 0, one, ONE) && got_is(&got, 1, two, TWO), "order %u", order);
		cr_assert_eq(got.notes.tcp_gaps, 0);
	}
}

/* What came first stands. */
Test(tcp, repeated_and_overlapping_segments)
{
	char other[200];
	memset(other, 'z', sizeof(other));
	handshake(1000, 1);
	segment(1000, one, 30);
	segment(1000, one, 30);
	segment(1000, other, 30);
	segment(1010, one + 10, 50);
	segment(1040, one + 40, 40);
	segment(1070, one + 70, ONE - 70);
	segment(1000, one, ONE);
	segment(1000 + ONE + 10, two + 10, 20);
	segment(1000 + ONE + 10, two + 10, 20);
	segment(1000 + ONE + 5, two + 5, TWO - 5);
	segment(1000 + ONE, two, 12);
	got_read(&got, &made);
	cr_assert_eq(got.count, 2);
	cr_assert(got_is(&got, 0, one, ONE) && got_is(&got, 1, two, TWO));
	cr_assert_eq(got.notes.tcp_gaps, 0);
}

/* The receiver has it, the capture does not: the next message is found. */
Test(tcp, gap_that_was_acknowledged)
{
	handshake(1000, 2000);
	segment(1000, one, 20);
	segment(1040, one + 40, ONE - 40);
	segment(1000 + ONE, two, TWO);
	segment_from(2, 2000, 1000 + ONE + TWO, MADE_ACK, "", 0);
	segment(1000 + ONE + TWO, one, ONE);
	got_read(&got, &made);
	cr_assert_eq(got.count, 2);
	cr_assert(got_is(&got, 0, two, TWO) && got_is(&got, 1, one, ONE));
	cr_assert_eq(got_unit(&got, 0)->number, 5);
	cr_assert_eq(got_unit(&got, 0)->ns, MADE_EPOCH + 6000, "times never go back");
	cr_assert_eq(got.notes.tcp_gaps, 1);
}

Test(tcp, gap_before_what_comes_next)
{
	handshake(1000, 2000);
	segment(1000, one, 20);
	segment_from(2, 2000, 1000 + ONE, MADE_ACK, "", 0);
	segment(1000 + ONE, two, TWO);
	got_read(&got, &made);
	cr_assert_eq(got.count, 1);
	cr_assert(got_is(&got, 0, two, TWO));
	cr_assert_eq(got.notes.tcp_gaps, 1);
}

Test(tcp, gap_that_nobody_acknowledged)
{
	handshake(1000, 2000);
	segment(1000, one, 20);
	segment(1000 + ONE, two, TWO);
	now += 10 * MADE_SECOND;
	segment(1000 + ONE + TWO, one, ONE);
	segment(1000 + ONE + TWO + ONE + 10, two, TWO); /* the end gives this one up */
	got_read(&got, &made);
	cr_assert_eq(got.count, 3);
	cr_assert(got_is(&got, 0, two, TWO) && got_is(&got, 1, one, ONE) && got_is(&got, 2, two, TWO));
	cr_assert_eq(got.notes.tcp_gaps, 2);
}

Test(tcp, gap_with_more_behind_it_than_is_held)
{
	handshake(1000, 2000);
	segment(1000, one, 20);
	uint32_t seq = 1000 + ONE;
	for (unsigned i = 0; i < 70000 / TWO; i++, seq += TWO)
		segment(seq, two, TWO);
	segment(1020, one + 20, ONE - 20); /* too late */
	got_read(&got, &made);
	cr_assert_eq(got.count, 70000 / TWO);
	cr_assert(got_unit(&got, 0)->number < 3 + 300);
	cr_assert_eq(got.notes.tcp_gaps, 1);
}

Test(tcp, payload_cut_by_the_capture)
{
	uint8_t packet[512];
	size_t len = made_tcp(packet, 1, 2, 1000, 0, 0, one, ONE);
	handshake(1000, 2000);
	made_packet(&made, now += 1000, packet, len - 30, len);
	segment(1000 + ONE, two, TWO);
	got_read(&got, &made);
	cr_assert_eq(got.count, 1);
	cr_assert(got_is(&got, 0, two, TWO));
	cr_assert(got.notes.cut == 1 && got.notes.tcp_gaps == 1);
}

Test(tcp, headers_cut_or_wrong)
{
	uint8_t packet[64];
	size_t len = made_tcp(packet, 1, 2, 1000, 0, 0, "", 0);
	for (size_t at = 20; at < 40; at++)
		made_packet(&made, now, packet, at, len);
	packet[32] = 0x40;
	made_packet(&made, now, packet, len, len);
	packet[32] = 0x60;
	made_packet(&made, now, packet, len, len);
	got_read(&got, &made);
	cr_assert(got.count == 0 && got.notes.short_packets == 22 && got.notes.tcp_streams == 0);
}

Test(tcp, tls_is_counted)
{
	static const uint8_t hello[] = {0x16, 3, 1, 0, 100, 1}, data[] = {0x17, 3, 3, 0, 40};
	handshake(1000, 2000);
	segment(1000, hello, 1); /* the record's head in two segments */
	segment(1001, hello + 1, sizeof(hello) - 1);
	segment(1000 + sizeof(hello), one, ONE);
	segment_from(2, 2000, 0, 0, hello, sizeof(hello));
	got_read(&got, &made);
	cr_assert(got.count == 0 && got.notes.tls_streams == 1 && got.notes.tcp_streams == 1);
	teardown();
	setup();
	segment(1000, data, sizeof(data)); /* the capture began later */
	got_read(&got, &made);
	cr_assert(got.count == 0 && got.notes.tls_streams == 1);
}

/* The same ports again are another stream; a SYN that comes twice, or after the data, is not. */
Test(tcp, ports_used_again)
{
	handshake(1000, 2000);
	handshake(1000, 2000);
	segment(1000, one, 40);
	segment_from(1, 999, 0, MADE_SYN, "", 0);
	segment(1040, one + 40, ONE - 40);
	handshake(700000, 800000);
	segment(700000, two, TWO);
	segment_from(2, 800000, 700000 + TWO, MADE_ACK, reply, sizeof(reply) - 1);
	got_read(&got, &made);
	cr_assert_eq(got.count, 3);
	cr_assert(got_is(&got, 0, one, ONE) && got_is(&got, 1, two, TWO));
	cr_assert(got.notes.tcp_streams == 2 && got.notes.tcp_streams_sip == 2 && got.notes.tcp_gaps == 0);
}

/* No SYN, and numbers far from those before. */
Test(tcp, numbers_far_off)
{
	segment(1000, one, ONE);
	segment(1000 + ONE, two, 10);
	segment(0x70000000u, two, TWO);
	segment(0x70000000u + TWO, one, ONE);
	got_read(&got, &made);
	cr_assert_eq(got.count, 3);
	cr_assert(got_is(&got, 1, two, TWO) && got_is(&got, 2, one, ONE));
	cr_assert_eq(got.notes.tcp_gaps, 1);
}

/* The 1025th stream takes the place of the one longest silent; the 1024th does not. */
Test(tcp, at_most_1024_streams)
{
	for (unsigned count = 1024; count <= 1025; count++) {
		teardown();
		setup();
		static uint8_t packet[512];
		for (unsigned host = 10; host < 10 + count; host++) {
			size_t len = made_tcp(packet, host, 2, 1000, 0, 0, one, 40);
			made_packet(&made, now += 1000, packet, len, len);
		}
		size_t len = made_tcp(packet, 10, 2, 1040, 0, 0, one + 40, ONE - 40);
		made_packet(&made, now += 1000, packet, len, len);
		got_read(&got, &made);
		cr_assert_eq(got.count, count == 1024);
		cr_assert_eq(got.notes.tcp_streams, count == 1024 ? 1024 : 1026);
	}
}
