#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "fast/rtcp.h"
#include "fast/rtp.h"
#include "fast/stream.h"

Test(rtp, validity)
{
	static const struct {
		const char *name;
		uint8_t first;
		size_t len;
		uint8_t at12[8]; /* what follows the fixed header */
		uint8_t last;
		int result;
		uint16_t payload_len;
	} cases[] = {
	    {"plain", 0x80, 172, {0}, 0, 0, 160},
	    {"no payload", 0x80, 12, {0}, 0, 0, 0},
	    {"too short", 0x80, 11, {0}, 0, -EBADMSG, 0},
	    {"empty", 0x80, 0, {0}, 0, -EBADMSG, 0},
	    {"version 1", 0x40, 172, {0}, 0, -EBADMSG, 0},
	    {"version 3", 0xc0, 172, {0}, 0, -EBADMSG, 0},
	    {"two CSRCs", 0x82, 30, {0}, 0, 0, 10},
	    {"CSRCs exactly", 0x82, 20, {0}, 0, 0, 0},
	    {"CSRCs beyond the end", 0x82, 19, {0}, 0, -EBADMSG, 0},
	    {"15 CSRCs beyond the end", 0x8f, 71, {0}, 0, -EBADMSG, 0},
	    {"extension", 0x90, 30, {0xbe, 0xde, 0, 1}, 0, 0, 10},
	    {"extension exactly", 0x90, 20, {0xbe, 0xde, 0, 1}, 0, 0, 0},
	    {"extension beyond the end", 0x90, 20, {0xbe, 0xde, 0, 2}, 0, -EBADMSG, 0},
	    {"extension head cut off", 0x90, 15, {0xbe, 0xde, 0}, 0, -EBADMSG, 0},
	    {"extension of 65535 words", 0x90, 172, {0xbe, 0xde, 0xff, 0xff}, 0, -EBADMSG, 0},
	    {"padding", 0xa0, 32, {0}, 4, 0, 16},
	    {"all padding", 0xa0, 32, {0}, 20, 0, 0},
	    {"padding of 0", 0xa0, 32, {0}, 0, -EBADMSG, 0},
	    {"padding beyond the payload", 0xa0, 32, {0}, 21, -EBADMSG, 0},
	    {"padding without payload", 0xa0, 12, {0}, 1, -EBADMSG, 0},
	    {"padding into the extension", 0xb0, 24, {0xbe, 0xde, 0, 1}, 5, -EBADMSG, 0},
	};
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *data = calloc(1, cases[i].len ? cases[i].len : 1);
		struct rtp rtp;
		if (cases[i].len > 0)
			data[0] = cases[i].first;
		for (size_t at = 12; at < cases[i].len && at < 20; at++)
			data[at] = cases[i].at12[at - 12];
		if (cases[i].last)
			data[cases[i].len - 1] = cases[i].last;
		cr_expect_eq(rtp_parse(&rtp, data, cases[i].len), cases[i].result, "%s", cases[i].name);
		if (cases[i].result == 0)
			cr_expect_eq(rtp.payload_len, cases[i].payload_len, "%s: %u", cases[i].name, rtp.payload_len);
		free(data);
	}
}

Test(rtp, write_and_parse)
{
	uint8_t data[172] = {0x90, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xbe, 0xde, 0, 0};
	struct rtp rtp;
	rtp_write(data, 101, true, 0xfffe, 0x89abcdef, 0x12345678);
	cr_assert_eq(rtp_parse(&rtp, data, sizeof(data)), 0);
	cr_expect_eq(data[0], 0x90);
	cr_expect_eq(rtp.pt, 101);
	cr_expect(rtp.marker);
	cr_expect_eq(rtp.seq, 0xfffe);
	cr_expect_eq(rtp.timestamp, 0x89abcdef);
	cr_expect_eq(rtp.ssrc, 0x12345678);
	cr_expect_eq(data[12], 0xbe);
}

/* RFC 7983 7 and RFC 5761 4, every first and second byte. */
Test(rtp, kinds)
{
	static const struct {
		uint8_t from, to;
		enum rtp_kind kind;
	} ranges[] = {
	    {0, 3, RTP_KIND_STUN},	     {16, 19, RTP_KIND_ZRTP},  {20, 63, RTP_KIND_DTLS},
	    {64, 79, RTP_KIND_TURN_CHANNEL}, {128, 191, RTP_KIND_RTP},
	};
	for (unsigned first = 0; first < 256; first++)
		for (unsigned second = 0; second < 256; second++) {
			uint8_t data[12] = {(uint8_t)first, (uint8_t)second};
			enum rtp_kind expect = RTP_KIND_OTHER;
			for (unsigned i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
				if (first >= ranges[i].from && first <= ranges[i].to)
					expect = ranges[i].kind;
			if (expect == RTP_KIND_RTP && second >= 192 && second <= 223)
				expect = RTP_KIND_RTCP;
			cr_assert_eq(rtp_kind(data, 12), expect, "%u %u", first, second);
		}
	cr_expect_eq(rtp_kind((const uint8_t *)"", 0), RTP_KIND_OTHER);
	cr_expect_eq(rtp_kind((const uint8_t *)"\x80", 1), RTP_KIND_OTHER);
}

static const uint8_t cname[CNAME_LEN] = {0xde, 0xad, 0xbe, 0xef, 5, 6, 7, 8, 9, 10, 11, 12};

#define SR(rc)                                                                                                         \
	0x80 | (rc), 200, 0, 6 + 6 * (rc), 1, 2, 3, 4, 0xa, 0, 0, 1, 0xb, 0, 0, 2, 0, 0, 0, 100, 0, 0, 0, 5, 0, 0, 0, 6
#define RR0	    0x80, 201, 0, 1, 1, 2, 3, 4
#define BLOCK(ssrc) 0, 0, 0, ssrc, 25, 0, 0, 7, 0, 1, 0x12, 0x34, 0, 0, 0, 9, 0, 0, 0, 10, 0, 0, 0, 11

Test(rtcp, validity)
{
	static const struct {
		const char *name;
		uint8_t data[96];
		size_t len;
		int result;
	} cases[] = {
	    {"sender report", {SR(0)}, 28, 0},
	    {"with a block", {SR(1), BLOCK(77)}, 52, 0},
	    {"block count beyond the length", {0x81, 200, 0, 6}, 28, -EBADMSG},
	    {"length beyond the datagram", {SR(0)}, 24, -EBADMSG},
	    {"receiver report", {RR0}, 8, 0},
	    {"receiver report cut off", {0x80, 201, 0, 0}, 4, -EBADMSG},
	    {"version", {0x40, 201, 0, 1, 1, 2, 3, 4}, 8, -EBADMSG},
	    {"first is no report: reduced size", {0x81, 202, 0, 2, 1, 2, 3, 4}, 12, -ENOTSUP},
	    {"SDES", {RR0, 0x81, 202, 0, 3, 1, 2, 3, 4, 1, 3, 'a', 'b', 'c', 0, 0, 0}, 24, 0},
	    {"SDES item beyond the end", {RR0, 0x81, 202, 0, 2, 1, 2, 3, 4, 1, 9, 'a', 'b'}, 20, -EBADMSG},
	    {"SDES without end", {RR0, 0x81, 202, 0, 2, 1, 2, 3, 4, 1, 2, 'a', 'b'}, 20, -EBADMSG},
	    {"SDES chunk missing", {RR0, 0x82, 202, 0, 2, 1, 2, 3, 4, 0, 0, 0, 0}, 20, -EBADMSG},
	    {"BYE", {RR0, 0x81, 203, 0, 1, 1, 2, 3, 4}, 16, 0},
	    {"BYE with reason", {RR0, 0x81, 203, 0, 2, 1, 2, 3, 4, 3, 'b', 'y', 'e'}, 20, 0},
	    {"BYE reason too long", {RR0, 0x81, 203, 0, 2, 1, 2, 3, 4, 4, 'b', 'y', 'e'}, 20, -EBADMSG},
	    {"BYE sources too many", {RR0, 0x82, 203, 0, 1, 1, 2, 3, 4}, 16, -EBADMSG},
	    {"application", {RR0, 0x80, 204, 0, 2, 1, 2, 3, 4, 't', 'e', 's', 't'}, 20, 0},
	    {"unknown type", {RR0, 0x80, 224, 0, 1, 1, 2, 3, 4}, 16, -EBADMSG},
	    {"garbage behind", {RR0, 0x80}, 9, -EBADMSG},
	    {"padded at the end", {RR0, 0xa0, 201, 0, 2, 1, 2, 3, 4, 0, 0, 0, 4}, 20, 0},
	    {"padded before the end", {0xa0, 201, 0, 2, 1, 2, 3, 4, 0, 0, 0, 4, RR0}, 20, -EBADMSG},
	    {"padding not whole", {RR0, 0xa0, 201, 0, 2, 1, 2, 3, 4, 0, 0, 0, 3}, 20, -EBADMSG},
	    {"padding over the packet", {RR0, 0xa0, 201, 0, 2, 1, 2, 3, 4, 0, 0, 0, 16}, 20, -EBADMSG},
	    {"padding over the report", {RR0, 0xa0, 201, 0, 2, 1, 2, 3, 4, 0, 0, 0, 8}, 20, -EBADMSG},
	    {"empty", {0}, 0, -EBADMSG},
	};
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *data = malloc(cases[i].len ? cases[i].len : 1);
		struct rtcp rtcp;
		memcpy(data, cases[i].data, cases[i].len);
		cr_expect_eq(rtcp_parse(&rtcp, data, cases[i].len, 77), cases[i].result, "%s", cases[i].name);
		free(data);
	}
}

/* Each kind of packet behind a report, whole: cut off anywhere, with every length word that is not its own, and with
 * padding of any size, it is nothing. */
Test(rtcp, broken_lengths)
{
	static const struct {
		const char *name;
		uint8_t data[64];
		size_t len;
	} kinds[] = {
	    {"SR", {SR(0)}, 28},
	    {"SR with a block", {SR(1), BLOCK(77)}, 52},
	    {"RR with a block", {0x81, 201, 0, 7, 1, 2, 3, 4, BLOCK(77)}, 32},
	    {"SDES", {0x81, 202, 0, 3, 1, 2, 3, 4, 1, 3, 'a', 'b', 'c', 0, 0, 0}, 16},
	    {"SDES of two", {0x82, 202, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 8, 0, 0, 0, 0}, 20},
	    {"BYE", {0x81, 203, 0, 3, 1, 2, 3, 4, 7, 'g', 'o', 'o', 'd', 'b', 'y', 'e'}, 16},
	    {"APP", {0x80, 204, 0, 2, 1, 2, 3, 4, 't', 'e', 's', 't'}, 12},
	    {"feedback", {0x81, 206, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8}, 12},
	    {"XR", {0x80, 207, 0, 3, 1, 2, 3, 4, 4, 0, 0, 1, 0, 0, 0, 0}, 16},
	};
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const uint8_t report[] = {RR0};
		struct rtcp rtcp;
		for (size_t len = 0; len <= kinds[i].len; len++) {
			uint8_t *data = malloc(sizeof(report) + len); /* its end is the packet's */
			memcpy(data, report, sizeof(report));
			memcpy(data + sizeof(report), kinds[i].data, len);
			cr_expect_eq(rtcp_parse(&rtcp, data, sizeof(report) + len, 77),
				     len == 0 || len == kinds[i].len ? 0 : -EBADMSG, "%s cut off at %zu", kinds[i].name,
				     len);
			for (unsigned word = 0; len == kinds[i].len && word <= UINT16_MAX; word++) {
				data[sizeof(report) + 2] = (uint8_t)(word >> 8);
				data[sizeof(report) + 3] = (uint8_t)word;
				if (4 * (word + 1) > len)
					cr_assert_eq(rtcp_parse(&rtcp, data, sizeof(report) + len, 77), -EBADMSG,
						     "%s of %u words", kinds[i].name, word);
			}
			for (unsigned padding = 0; len == kinds[i].len && padding <= 255; padding++) {
				memcpy(data + sizeof(report), kinds[i].data, len);
				data[sizeof(report)] |= 0x20;
				data[sizeof(report) + len - 1] = (uint8_t)padding;
				if (padding == 0 || padding % 4 || padding > len - 4)
					cr_assert_eq(rtcp_parse(&rtcp, data, sizeof(report) + len, 77), -EBADMSG,
						     "%s padded by %u", kinds[i].name, padding);
			}
			free(data);
		}
	}
	/* 4 octets, and more packets than anybody needs. */
	uint8_t many[4 * (RTCP_PACKETS_MAX + 2)] = {RR0};
	struct rtcp rtcp;
	cr_expect_eq(rtcp_parse(&rtcp, many, 4, 77), -EBADMSG);
	for (unsigned n = 2; n < sizeof(many) / 4; n++) {
		memcpy(many + 4 * n, "\x80\xcb\0\0", 4);
		cr_expect_eq(rtcp_parse(&rtcp, many, 4 * n + 4, 77), n <= RTCP_PACKETS_MAX ? 0 : -EBADMSG, "%u", n);
	}
}

Test(rtcp, read_and_write)
{
	static const uint8_t in[] = {SR(2), BLOCK(5), BLOCK(77), 0x81, 202, 0,	 3, 1, 2, 3,
				     4,	    1,	      3,	 'a',  '@', 'b', 0, 0, 0};
	static const uint8_t out_expect[] = {SR(1), BLOCK(77), 0x81, 202, 0,   8,   1,	 2,   3,   4,	1,   24,  'd',
					     'e',   'a',       'd',  'b', 'e', 'e', 'f', '0', '5', '0', '6', '0', '7',
					     '0',   '8',       '0',  '9', '0', 'a', '0', 'b', '0', 'c', 0,   0};
	struct rtcp rtcp, again;
	uint8_t out[RTCP_OUT_MAX];
	cr_assert_eq(rtcp_parse(&rtcp, in, sizeof(in), 77), 0);
	cr_expect(rtcp.sender && rtcp.has_block);
	cr_expect_eq(rtcp.ssrc, 0x01020304);
	cr_expect_eq(rtcp.ntp_high, 0x0a000001);
	cr_expect_eq(rtcp.timestamp, 100);
	cr_expect_eq(rtcp.block.seq_ext, 0x00011234);
	size_t len = rtcp_write(out, &rtcp, cname);
	cr_expect_eq(len, sizeof(out_expect));
	cr_expect_eq(memcmp(out, out_expect, sizeof(out_expect)), 0);
	cr_assert_eq(rtcp_parse(&again, out, len, 77), 0, "what is written is valid");
	cr_expect_eq(memcmp(&again, &rtcp, sizeof(rtcp)), 0);
	cr_assert_eq(rtcp_parse(&rtcp, in, sizeof(in), 78), 0);
	cr_expect_not(rtcp.has_block);
	cr_expect_eq(rtcp_write(out, &rtcp, cname), sizeof(out_expect) - 24);
}

#define MS 1000000ull

/* A stream under test: what goes in, what must come out. */
struct step {
	uint32_t at_ms;
	uint32_t ssrc;
	uint16_t seq;
	uint32_t timestamp;
	int result;
	uint16_t out_seq;
	uint32_t out_timestamp;
	bool out_marker;
	bool moved; /* the patch is moved before */
};

static void stream_run(const char *name, const struct step *steps, unsigned n, uint16_t seq, uint32_t timestamp)
{
	struct stream stream;
	struct stream_seed seed = {.ssrc = 1, .seq = seq, .timestamp = timestamp};
	stream_init(&stream, &seed);
	for (unsigned i = 0; i < n; i++) {
		const struct step *s = &steps[i];
		struct rtp in = {.ssrc = s->ssrc, .seq = s->seq, .timestamp = s->timestamp, .payload_len = 160};
		struct stream_out out = {0};
		if (s->moved)
			stream_unmap(&stream);
		cr_expect_eq(stream_map(&stream, &in, 8000, s->at_ms * MS, &out), s->result, "%s %u", name, i);
		if (s->result < 0)
			continue;
		cr_expect_eq(out.seq, s->out_seq, "%s %u: seq %u", name, i, out.seq);
		cr_expect_eq(out.timestamp, s->out_timestamp, "%s %u: timestamp %u", name, i, out.timestamp);
		cr_expect_eq(out.marker, s->out_marker, "%s %u", name, i);
	}
}

#define STREAM(name, seq, timestamp, ...)                                                                              \
	do {                                                                                                           \
		static const struct step steps[] = {__VA_ARGS__};                                                      \
		stream_run(name, steps, sizeof(steps) / sizeof(steps[0]), seq, timestamp);                             \
	} while (0)

Test(stream, mapping)
{
	STREAM("loss, doubles and order stay as they are", 1000, 50000, {0, 9, 500, 7000, 0, 1000, 50000, true},
	       {20, 9, 501, 7160, 0, 1001, 50160, false}, {80, 9, 504, 7640, 0, 1004, 50640, false},
	       {81, 9, 503, 7480, 0, 1003, 50480, false}, {82, 9, 503, 7480, 0, 1003, 50480, false},
	       {100, 9, 505, 7800, 0, 1005, 50800, false});
	STREAM("a move goes on with the next number and the elapsed time", 1000, 50000,
	       {0, 9, 500, 7000, 0, 1000, 50000, true}, {20, 9, 501, 7160, 0, 1001, 50160, false},
	       {1020, 9, 3, 900000, 0, 1002, 58160, true, true}, {1040, 9, 4, 900160, 0, 1003, 58320, false});
	STREAM("a move without silence: not before the end of the last packet", 1000, 50000,
	       {0, 9, 500, 7000, 0, 1000, 50000, true}, {20, 9, 501, 7240, 0, 1001, 50240, false},
	       {25, 8, 3, 900000, 0, 1002, 50480, true, true});
	STREAM("wraps, in and out", 65534, 0xffffff00, {0, 9, 65535, 0xffffffff, 0, 65534, 0xffffff00, true},
	       {20, 9, 0, 0x9f, 0, 65535, 0xffffffa0, false}, {40, 9, 1, 0x13f, 0, 0, 0x40, false},
	       {41, 9, 0, 0x9f, 0, 65535, 0xffffffa0, false}, {60, 7, 65000, 5, 0, 1, 0xe0, true, true});
	STREAM("older than the first mapped", 1000, 50000, {0, 9, 500, 7000, 0, 1000, 50000, true},
	       {1, 9, 499, 6840, -ESTALE}, {2, 9, 440, 6000, -ESTALE}, {20, 9, 501, 7160, 0, 1001, 50160, false},
	       {21, 9, 499, 6840, -ESTALE});
	STREAM("older than the first mapped, over the wrap", 1000, 50000, {0, 9, 2, 7000, 0, 1000, 50000, true},
	       {1, 9, 65534, 6840, -ESTALE});
	STREAM("a new SSRC", 1000, 50000, {0, 9, 500, 7000, 0, 1000, 50000, true},
	       {100, 8, 9000, 77, 0, 1001, 50800, true}, {101, 9, 501, 7160, -EAGAIN},
	       {120, 8, 9001, 237, 0, 1002, 50960, false});
	STREAM("back to the SSRC before, meant", 1000, 50000, {0, 9, 500, 7000, 0, 1000, 50000, true},
	       {100, 8, 9000, 77, 0, 1001, 50800, true}, {120, 9, 600, 8000, -EAGAIN},
	       {140, 9, 601, 8160, 0, 1002, 51120, true});
	STREAM("a jump forward, confirmed", 1000, 50000, {0, 9, 500, 7000, 0, 1000, 50000, true},
	       {20, 9, 3500, 7160, 0, 4000, 50160, false}, {40, 9, 6501, 99, -EAGAIN},
	       {60, 9, 6502, 259, 0, 4001, 50480, true}, {80, 9, 6503, 419, 0, 4002, 50640, false});
	STREAM("a jump back, confirmed", 1000, 50000, {0, 9, 5000, 7000, 0, 1000, 50000, true},
	       {20, 9, 4899, 99, -EAGAIN}, {40, 9, 4900, 259, 0, 1001, 50320, true});
	STREAM("strays do not confirm each other", 1000, 50000, {0, 9, 500, 7000, 0, 1000, 50000, true},
	       {1, 9, 9000, 1, -EAGAIN}, {2, 9, 9000, 1, -EAGAIN}, {3, 9, 20000, 1, -EAGAIN}, {4, 9, 9001, 1, -EAGAIN},
	       {20, 9, 501, 7160, 0, 1001, 50160, false}, {21, 9, 9002, 1, -EAGAIN});
}

/* Two hours of silence, ten years of uptime: the clock's arithmetic does not overflow. */
Test(stream, long_times)
{
	const uint64_t year = 365ull * 86400 * 1000 * MS;
	struct stream stream;
	struct stream_seed seed = {.ssrc = 1, .seq = 7, .timestamp = 1000};
	struct stream_out out;
	stream_init(&stream, &seed);
	struct rtp in = {.ssrc = 2, .seq = 1, .timestamp = 1};
	cr_assert_eq(stream_map(&stream, &in, 8000, 10 * year, &out), 0);
	stream_unmap(&stream);
	cr_assert_eq(stream_map(&stream, &in, 8000, 10 * year + 7200000 * MS, &out), 0);
	cr_expect_eq(out.timestamp, 1000 + 7200 * 8000u);
	cr_expect_eq(out.seq, 8);
}

/* Another clock rate: the stream's time goes on, in the new units from then on. */
Test(stream, rate_change)
{
	struct stream stream;
	struct stream_seed seed = {.ssrc = 1, .seq = 7, .timestamp = 0};
	struct stream_out out;
	stream_init(&stream, &seed);
	struct rtp in = {.ssrc = 2, .seq = 1, .timestamp = 1};
	cr_assert_eq(stream_map(&stream, &in, 8000, 0, &out), 0);
	stream_unmap(&stream);
	cr_assert_eq(stream_map(&stream, &in, 48000, 1000 * MS, &out), 0);
	cr_expect_eq(out.timestamp, 8000u);
	stream_unmap(&stream);
	cr_assert_eq(stream_map(&stream, &in, 0, 2000 * MS, &out), 0, "telephone-event rides on the stream's clock");
	cr_expect_eq(out.timestamp, 56000u);
	cr_expect_eq(stream.packets, 3u);
}

/* Whatever comes: no two different packets leave with one sequence number. */
Test(stream, no_number_twice)
{
	struct stream stream;
	struct stream_seed seed = {.ssrc = 1, .seq = 65000, .timestamp = 0};
	uint64_t random = 88172645463325252ull;
	uint64_t *who = calloc(65536, sizeof(*who));
	unsigned passed = 0, moves = 0, remaps = 0;
	uint16_t seq = 0;
	uint32_t ssrc = 1, epoch = 0;
	stream_init(&stream, &seed);
	for (unsigned i = 1; i < 20000; i++) {
		random ^= random << 13, random ^= random >> 7, random ^= random << 17;
		if (random % 97 == 0) {
			stream_unmap(&stream);
			moves++;
		}
		if (random % 89 == 0)
			ssrc = 1 + (random >> 40) % 3;
		if (random % 83 == 0)
			seq = (uint16_t)(random >> 24);
		seq++;
		struct rtp in = {.ssrc = ssrc, .seq = (uint16_t)(seq - (random >> 32) % 8), .timestamp = i * 160};
		struct stream_out out;
		if (stream_map(&stream, &in, 8000, i * 20 * MS, &out) < 0)
			continue;
		if (out.marker) {
			epoch++;
			remaps++;
		}
		/* One packet is one (mapping, SSRC, sequence); numbers come back only after the 16 bits have gone
		 * round. */
		uint64_t packet = (uint64_t)epoch << 48 | (uint64_t)in.ssrc << 16 | in.seq;
		if (who[out.seq] && passed < 30000)
			cr_assert_eq(who[out.seq], packet, "number %u twice, step %u", out.seq, i);
		who[out.seq] = packet;
		/* Forget what is half a round away. */
		who[(uint16_t)(out.seq + 32768)] = 0;
		passed++;
	}
	cr_expect_gt(passed, 10000u);
	cr_expect_gt(moves, 100u);
	cr_expect_gt(remaps, 200u);
	free(who);
}
