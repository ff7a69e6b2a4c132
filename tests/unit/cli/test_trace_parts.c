/* What captures are drawn by: addresses that SDPs name, packets that go on like RTP, lanes of addresses. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include "cli/trace_lanes.h"
#include "cli/trace_rtp.h"
#include "cli/trace_sdp.h"

static struct xf_sockaddr at(const char *address, uint16_t port)
{
	struct xf_sockaddr s = {.port = port};
	cr_assert(xf_addr_parse(&s.addr, address) == 0, "%s", address);
	return s;
}

Test(trace_sdp, addresses)
{
	static const struct {
		const char *body, *address;
		uint16_t port;
		bool has;
	} cases[] = {
	    {"v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n", "192.0.2.1", 4000, true},
	    {"v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n", "192.0.2.1", 4001, false},
	    {"v=0\nc=IN IP6 2001:db8::1\nm=audio 4000/2 RTP/AVP 0", "2001:db8::1", 4000, true},
	    {"c=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.2\r\n", "192.0.2.2", 4000, true},
	    {"c=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.2\r\n", "192.0.2.1", 4000, false},
	    {"c=IN IP4 192.0.2.1/127\r\nm=audio 4 x\r\nm=video 6 x\r\n", "192.0.2.1", 4, true},
	    {"c=IN IP4 192.0.2.1\r\nm=audio 4 x\r\nm=video 6 x\r\n", "192.0.2.1", 6, true},
	    {"c=IN IP4 192.0.2.1\r\nm=audio 0 x\r\nm=application 6 x\r\n", "192.0.2.1", 6, false},
	    {"c=IN IP4 0.0.0.0\r\nm=audio 4 x\r\n", "0.0.0.0", 4, false},
	    {"c=IN IP6 ::\r\nm=audio 4 x\r\n", "::", 4, false},
	    {"c=IN IP4 host.example\r\nm=audio 4 x\r\n", "192.0.2.1", 4, false},
	    {"c=IN IP4 192.0.2.1\r\nm=audio 70000 x\r\n", "192.0.2.1", 4464, false},
	    {"c=IN IP4 192.0.2.1\r\nm=audio -4 x\r\n", "192.0.2.1", 4, false},
	    {"--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4 x\r\n--x--",
	     "192.0.2.1", 4, true},
	    {"m=audio 4 x\r\nc=\r\n", "192.0.2.1", 4, false},
	    {"", "192.0.2.1", 4, false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct trace_sdp *sdp;
		struct xf_sockaddr address = at(cases[i].address, cases[i].port);
		char *exact = strndup(cases[i].body, strlen(cases[i].body));
		cr_assert(trace_sdp_create(&sdp) == 0);
		cr_expect(trace_sdp_add(sdp, exact, strlen(exact)) == 0);
		cr_expect(trace_sdp_has(sdp, &address) == cases[i].has, "case %zu", i);
		/* every beginning of it is read without harm */
		for (size_t len = 0; len < strlen(exact); len++)
			cr_expect(trace_sdp_add(sdp, exact, len) == 0);
		trace_sdp_destroy(sdp);
		free(exact);
	}
}

/* The receiver says what a payload type means, and what it said last. */
Test(trace_sdp, codecs)
{
	struct trace_sdp *sdp;
	struct xf_sockaddr a = at("192.0.2.1", 4), b = at("192.0.2.2", 6), other = at("192.0.2.3", 8);
	static const char *const bodies[] = {
	    "c=IN IP4 192.0.2.1\r\nm=audio 4 x\r\na=rtpmap:97 iLBC/8000\r\na=rtpmap:0 PCMX/8000\r\n",
	    "c=IN IP4 192.0.2.1\r\nm=audio 4 x\r\na=rtpmap:97 opus/48000/2\r\na=rtpmap:200 x/1\r\na=rtpmap:9\r\n",
	    "c=IN IP4 192.0.2.2\r\nm=audio 6 x\r\na=rtpmap:97 telephone-event/8000\r\n",
	};
	static const struct {
		unsigned from, to;
		uint8_t type;
		const char *wanted;
	} cases[] = {{0, 1, 97, "telephone-event"}, {1, 0, 97, "opus"},		{0, 2, 97, "opus"},
		     {2, 2, 97, "payload 97"},	    {1, 0, 0, "PCMU"},		{2, 2, 8, "PCMA"},
		     {2, 2, 1, "payload 1"},	    {2, 2, 127, "payload 127"}, {2, 2, 13, "CN"}};
	const struct xf_sockaddr *const ends[] = {&a, &b, &other};
	char buf[TRACE_CODEC];
	cr_assert(trace_sdp_create(&sdp) == 0);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		cr_assert(trace_sdp_add(sdp, bodies[i], strlen(bodies[i])) == 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_str_eq(trace_sdp_codec(sdp, ends[cases[i].from], ends[cases[i].to], cases[i].type, buf),
				 cases[i].wanted, "case %zu: %s", i, buf);
	trace_sdp_destroy(sdp);
}

Test(trace_rtp, shape)
{
	static const struct {
		uint8_t bytes[20];
		size_t len;
		bool is;
	} cases[] = {
	    {{0x80, 0x00}, 12, true},  {{0x80, 0x80}, 12, true}, {{0x80, 0x00}, 11, false}, {{0x40, 0x00}, 12, false},
	    {{0x81, 0x00}, 12, false}, {{0x81, 0x00}, 16, true}, {{0x80, 200}, 12, false},  {{0x80, 223}, 12, false},
	    {{0x80, 0xbf}, 12, true},  {{0x80, 0x60}, 12, true}, {{0x80, 0x40}, 12, false}, {{0}, 0, false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct trace_rtp_header header;
		/* 0xbf: marker and 63 */
		cr_expect(trace_rtp_parse(&header, cases[i].bytes, cases[i].len) == cases[i].is, "case %zu", i);
	}
	static const uint8_t bytes[12] = {0x80, 0xe5, 0x12, 0x34, 0, 0, 0, 0, 0xde, 0xad, 0xbe, 0xef};
	struct trace_rtp_header header;
	cr_assert(trace_rtp_parse(&header, bytes, sizeof(bytes)));
	cr_expect(header.payload_type == 101 && header.sequence == 0x1234 && header.ssrc == 0xdeadbeef);
}

/* Four packets in a row make a stream, the waiting ones included; an SDP makes one at once. */
Test(trace_rtp, streams)
{
	static const struct {
		uint16_t sequences[8];
		unsigned count;
		int known_at; /* packet whose address an SDP names; -1: none */
		unsigned emitted[8];
	} cases[] = {
	    {{1, 2, 3, 4, 5}, 5, -1, {0, 0, 0, 4, 1}},
	    {{65534, 65535, 0, 1}, 4, -1, {0, 0, 0, 4}},
	    {{1, 4, 9, 12}, 4, -1, {0, 0, 0, 4}},
	    {{1, 2, 3, 1000, 1001, 1002, 1003}, 7, -1, {0, 0, 0, 0, 0, 0, 4}},
	    {{1, 1, 1, 1, 1, 1}, 6, -1, {0}},
	    {{9, 8, 7, 6, 5, 4}, 6, -1, {0}},
	    {{1}, 1, 0, {1}},
	    {{1, 2, 3, 900}, 4, 2, {0, 0, 3, 1}},
	};
	struct xf_sockaddr from = at("192.0.2.1", 4), to = at("192.0.2.2", 6);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct trace_rtp *rtp;
		cr_assert(trace_rtp_create(&rtp) == 0);
		for (unsigned k = 0; k < cases[i].count; k++) {
			struct trace_rtp_header header = {.sequence = cases[i].sequences[k], .ssrc = 7};
			unsigned waiting;
			const struct trace_rtp_flow *flow =
			    trace_rtp_add(rtp, k, &from, &to, &header, (int)k == cases[i].known_at, &waiting);
			cr_assert(flow);
			cr_expect(waiting == cases[i].emitted[k], "case %zu packet %u: %u", i, k, waiting);
			for (unsigned w = 0; w < waiting; w++)
				cr_expect(flow->waiting[w].ns == k + 1 - waiting + w, "case %zu packet %u", i, k);
			/* another SSRC between them is another stream */
			header = (struct trace_rtp_header){.sequence = (uint16_t)(k * 1000), .ssrc = k};
			cr_expect(trace_rtp_add(rtp, k, &to, &from, &header, false, &waiting) && waiting == 0);
		}
		trace_rtp_destroy(rtp);
	}
}

Test(trace_lanes, given)
{
	static const struct {
		const char *text;
		int r;
		const char *address;
		uint16_t port;
		bool found;
	} cases[] = {
	    {"a=192.0.2.1", 0, "192.0.2.1", 9, true},
	    {"a=192.0.2.1,2001:db8::1", 0, "2001:db8::1", 9, true},
	    {"a=[2001:db8::1]", 0, "2001:db8::1", 9, true},
	    {"a=[2001:db8::1]:5060", 0, "2001:db8::1", 5060, true},
	    {"a=[2001:db8::1]:5060", 0, "2001:db8::1", 5061, false},
	    {"a=192.0.2.1:5060", 0, "192.0.2.1", 5060, true},
	    {"a=192.0.2.1:5060", 0, "192.0.2.1", 5061, false},
	    {"a=192.0.2.1", 0, "192.0.2.2", 9, false},
	    {"a b=c=192.0.2.1", -EINVAL},
	    {"a", -EINVAL},
	    {"=192.0.2.1", -EINVAL},
	    {"a=", -EINVAL},
	    {"a=192.0.2.1,", -EINVAL},
	    {"a=host", -EINVAL},
	    {"a=192.0.2.1:", -EINVAL},
	    {"a=192.0.2.1:0", -EINVAL},
	    {"a=192.0.2.1:65536", -EINVAL},
	    {"a=[2001:db8::1", -EINVAL},
	    {"a=[2001:db8::1]5060", -EINVAL},
	    {"a=[]:5060", -EINVAL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ladder *ladder;
		struct trace_lanes lanes;
		char why[256] = "";
		int from, to;
		cr_assert(ladder_create(&ladder) == 0);
		trace_lanes_init(&lanes, ladder);
		cr_expect(trace_lanes_give(&lanes, cases[i].text, why, sizeof(why)) == cases[i].r, "case %zu", i);
		cr_expect((cases[i].r == 0) == !why[0], "case %zu: %s", i, why);
		if (cases[i].r == 0) {
			struct xf_sockaddr address = at(cases[i].address, cases[i].port);
			cr_expect(trace_lanes_find(&lanes, &address, &address, &from, &to) == cases[i].found,
				  "case %zu", i);
		}
		trace_lanes_fini(&lanes);
		ladder_destroy(ladder);
	}
}

/* A name that is given twice is one lane; an address with its port comes before one without. */
Test(trace_lanes, given_more)
{
	struct ladder *ladder;
	struct trace_lanes lanes;
	char why[256];
	int from, to;
	struct xf_sockaddr one = at("192.0.2.1", 5060), two = at("192.0.2.1", 5080);
	cr_assert(ladder_create(&ladder) == 0);
	trace_lanes_init(&lanes, ladder);
	cr_assert(trace_lanes_give(&lanes, "a=192.0.2.1", why, sizeof(why)) == 0);
	cr_assert(trace_lanes_give(&lanes, "b=192.0.2.1:5080", why, sizeof(why)) == 0);
	cr_assert(trace_lanes_give(&lanes, "a=192.0.2.9", why, sizeof(why)) == 0);
	cr_expect(trace_lanes_find(&lanes, &one, &two, &from, &to) == 1 && from == 0 && to == 1);
	cr_expect(trace_lanes_named(&lanes, "a") == 0 && trace_lanes_named(&lanes, "b") == 1);
	cr_expect(trace_lanes_named(&lanes, "c") == -1);
	trace_lanes_fini(&lanes);
	ladder_destroy(ladder);
}

/* Lanes that appear by themselves: as many as a picture bears, then one for the others. */
Test(trace_lanes, appearing)
{
	struct ladder *ladder;
	struct trace_lanes lanes;
	struct xf_sockaddr hub = at("192.0.2.1", 5060);
	int from, to;
	cr_assert(ladder_create(&ladder) == 0);
	trace_lanes_init(&lanes, ladder);
	for (int i = 1; i < 40; i++) {
		struct xf_sockaddr peer = at("198.51.100.0", 5060);
		peer.addr.bytes[3] = (uint8_t)i;
		for (int twice = 0; twice < 2; twice++) {
			cr_expect(trace_lanes_find(&lanes, &peer, &hub, &from, &to) == 1);
			cr_expect(from == (i == 1 ? 0 : i < TRACE_LANES ? i : TRACE_LANES), "%d: %d", i, from);
			cr_expect(to == 1, "%d", to);
		}
	}
	cr_expect(trace_lanes_named(&lanes, "others") == TRACE_LANES);
	cr_expect(trace_lanes_named(&lanes, "198.51.100.2") == 2);
	trace_lanes_fini(&lanes);
	ladder_destroy(ladder);
}

/* Several parties on one address are told apart by their ports. */
Test(trace_lanes, one_address)
{
	struct ladder *ladder;
	struct trace_lanes lanes;
	struct xf_sockaddr a = at("127.0.0.1", 5060), b = at("127.0.0.1", 5080);
	int from, to;
	cr_assert(ladder_create(&ladder) == 0);
	trace_lanes_init(&lanes, ladder);
	cr_expect(trace_lanes_find(&lanes, &a, &b, &from, &to) == 1 && from == 0 && to == 1);
	cr_expect(trace_lanes_find(&lanes, &b, &a, &from, &to) == 1 && from == 1 && to == 0);
	cr_expect(trace_lanes_named(&lanes, "127.0.0.1:5080") == 1);
	trace_lanes_fini(&lanes);
	ladder_destroy(ladder);
}
