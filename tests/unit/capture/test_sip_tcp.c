/* Where messages begin and end in a stream. */
#include <criterion/criterion.h>

#include "made.h"

#define OPTIONS                                                                                                        \
	"OPTIONS sip:b@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK1\r\nCall-ID: one\r\n"              \
	"CSeq: 1 OPTIONS\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
#define ANSWER "SIP/2.0 200 OK\r\nv: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK1\r\ni: one\r\nCSeq: 1 OPTIONS\r\nl: 0\r\n\r\n"

/* The stream's bytes in segments of at most `step` from a SYN on, or from the middle of a connection. */
static void stream(struct got *got, const char *text, size_t len, size_t step, bool syn)
{
	static uint8_t packet[65536];
	struct made made;
	uint32_t seq = 0xfffffff0u; /* and it wraps */
	uint64_t ns = MADE_EPOCH;
	made_begin(&made, MADE_PCAP_NS, false, 101);
	if (syn) {
		size_t size = made_tcp(packet, 1, 2, seq++, 0, MADE_SYN, "", 0);
		made_packet(&made, ns++, packet, size, size);
	}
	for (size_t at = 0; at < len; at += step) {
		size_t n = len - at < step ? len - at : step;
		size_t size = made_tcp(packet, 1, 2, seq + (uint32_t)at, 0, 0, text + at, n);
		made_packet(&made, ns++, packet, size, size);
	}
	got_read(got, &made);
	made_free(&made);
}

Test(sip_tcp, two_messages_cut_at_every_byte)
{
	static const char text[] = OPTIONS ANSWER;
	for (size_t cut = 1; cut < sizeof(text) - 1; cut++) {
		struct made made;
		struct got got;
		uint8_t packet[2048];
		size_t len;
		made_begin(&made, MADE_PCAP_NS, false, 101);
		len = made_tcp(packet, 1, 2, 9, 0, MADE_SYN, "", 0);
		made_packet(&made, MADE_EPOCH, packet, len, len);
		len = made_tcp(packet, 1, 2, 10, 0, 0, text, cut);
		made_packet(&made, MADE_EPOCH + 1, packet, len, len);
		len = made_tcp(packet, 1, 2, 10 + (uint32_t)cut, 0, 0, text + cut, sizeof(text) - 1 - cut);
		made_packet(&made, MADE_EPOCH + 2, packet, len, len);
		got_read(&got, &made);
		cr_assert_eq(got.count, 2, "cut at %zu: %u", cut, got.count);
		cr_assert(got_is(&got, 0, OPTIONS, sizeof(OPTIONS) - 1), "cut at %zu", cut);
		cr_assert(got_is(&got, 1, ANSWER, sizeof(ANSWER) - 1), "cut at %zu", cut);
		cr_assert_eq(got_unit(&got, 0)->number, cut >= sizeof(OPTIONS) - 1 ? 2 : 3);
		cr_assert_eq(got_unit(&got, 1)->number, 3);
		cr_assert_eq(got_unit(&got, 1)->kind, CAPTURE_SIP_TCP);
		got_free(&got);
		made_free(&made);
	}
}

static const struct row {
	const char *name, *text;
	unsigned count, first; /* messages, and the length of the first */
	bool middle;	       /* the capture begins within the connection */
} rows[] = {
    {"keep-alives", "\r\n\r\n" OPTIONS "\r\n\r\n\r\n" ANSWER "\r\n", 2, sizeof(OPTIONS) - 1, false},
    {"line feeds only", "OPTIONS sip:b SIP/2.0\nl: 2\n\nhi" ANSWER, 2, 30, false},
    {"no length is none", "BYE sip:b SIP/2.0\r\nVia: x\r\n\r\n" ANSWER, 2, 29, false},
    {"space before the colon", "BYE sip:b SIP/2.0\r\nContent-Length \t: 2\r\n\r\nhi" ANSWER, 2, 44, false},
    {"folded length", "BYE sip:b SIP/2.0\r\ncontent-length:\r\n 2\r\n\r\nhi" ANSWER, 2, 44, false},
    {"length is no number", "BYE sip:b SIP/2.0\r\nl: x\r\n\r\n" ANSWER, 1, sizeof(ANSWER) - 1, false},
    {"negative length", "BYE sip:b SIP/2.0\r\nl: -1\r\n\r\n" ANSWER, 1, sizeof(ANSWER) - 1, false},
    {"length over all bounds", "BYE sip:b SIP/2.0\r\nl: 99999999999999999999\r\n\r\n" ANSWER, 1, sizeof(ANSWER) - 1,
     false},
    {"length over 64 kB", "BYE sip:b SIP/2.0\r\nl: 65536\r\n\r\n" ANSWER, 1, sizeof(ANSWER) - 1, false},
    {"another version", "BYE sip:b SIP/7.0\r\nl: 0\r\n\r\n" ANSWER, 2, 27, false},
    {"junk before", "junk\r\nmore junk\r\n" OPTIONS, 1, sizeof(OPTIONS) - 1, false},
    {"from the middle of a message", "ag: x\r\nl: 3\r\n\r\nabc" OPTIONS ANSWER, 2, sizeof(OPTIONS) - 1, true},
    {"a start line within a body is none", "sipfrag\r\n\r\nSIP/2.0 200 OK\r\nTo: x\r\n\r\n" OPTIONS, 1,
     sizeof(OPTIONS) - 1, true},
    {"HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0, 0, false},
    {"not whole at the end", OPTIONS "BYE sip:b SIP/2.0\r\nl: 5\r\n\r\nhell", 1, sizeof(OPTIONS) - 1, false},
};

Test(sip_tcp, messages_and_what_is_between)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t step = 1; step <= 1000; step += step < 8 ? 1 : 331) {
			struct got got;
			stream(&got, rows[i].text, strlen(rows[i].text), step, !rows[i].middle);
			cr_assert_eq(got.count, rows[i].count, "%s by %zu: %u", rows[i].name, step, got.count);
			if (got.count)
				cr_assert_eq(got_unit(&got, 0)->len, rows[i].first, "%s by %zu: %.*s", rows[i].name,
					     step, (int)got_unit(&got, 0)->len, got_unit(&got, 0)->data);
			cr_assert_eq(got.notes.tcp_streams, 1);
			cr_assert_eq(got.notes.tcp_streams_sip, got.count > 0);
			cr_assert_eq(got.notes.tcp_gaps, 0);
			got_free(&got);
		}
}

/* Headers and body of exactly 64 kB are a message, one byte more are none; and the next one is found. */
Test(sip_tcp, at_most_64_kB)
{
	static char text[70000];
	for (size_t over = 0; over <= 1; over++) {
		struct got got;
		size_t head = (size_t)sprintf(text, "BYE sip:b SIP/2.0\r\nl: %zu\r\n\r\n", 65536 - 31 + over);
		cr_assert_eq(head, 31);
		memset(text + head, 'x', 65536 - 31 + over);
		strcpy(text + 65536 + over, "\r\n" ANSWER);
		stream(&got, text, strlen(text), 1400, true);
		cr_assert_eq(got.count, over ? 1 : 2);
		cr_assert_eq(got_unit(&got, 0)->len, over ? sizeof(ANSWER) - 1 : 65536);
		got_free(&got);
	}
}

Test(sip_tcp, endless_headers_and_lines)
{
	static char text[300000];
	struct got got;
	size_t at = (size_t)sprintf(text, "INVITE sip:b SIP/2.0\r\n");
	while (at < 200000)
		at += (size_t)sprintf(text + at, "X-Header: %zu\r\n", at);
	sprintf(text + at, "\r\n" OPTIONS);
	stream(&got, text, strlen(text), 1400, true);
	cr_assert_eq(got.count, 1);
	cr_assert(got_is(&got, 0, OPTIONS, sizeof(OPTIONS) - 1));
	got_free(&got);
	memset(text, 'A', 200000);
	sprintf(text + 200000, "\r\n" OPTIONS);
	stream(&got, text, strlen(text), 1400, true);
	cr_assert_eq(got.count, 1);
	got_free(&got);
}
