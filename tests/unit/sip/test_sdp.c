/* Session descriptions: what is read, what is refused, what we write. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "sip/sdp.h"

#define HEAD "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
#define C4   "c=IN IP4 192.0.2.4\r\n"
#define T    "t=0 0\r\n"

static int parse(struct sdp *sdp, const char *body)
{
	char why[128];
	int rc = sdp_parse(sdp, body, strlen(body), why, sizeof(why));
	cr_assert_eq(rc < 0, why[0] != 0, "a reason, and only on failure: %d \"%s\"", rc, why);
	return rc;
}

Test(sdp, outcomes)
{
	static const struct {
		const char *body;
		int rc;
	} cases[] = {
	    {HEAD C4 T "m=audio 49170 RTP/AVP 0\r\n", 0},
	    {"v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.4\nt=0 0\nm=audio 49170 RTP/AVP 0\n", 0},
	    {HEAD C4 T "m=audio 49170 RTP/AVP 0", 0},
	    {HEAD C4 T "m=audio 49170 RTP/AVP 0\r\n\r\n", 0},
	    {HEAD T "m=audio 49170 RTP/AVP 0\r\n" C4, 0},
	    {HEAD C4 T "m=audio 1 RTP/AVP 0\r\n", 0},
	    {HEAD C4 T "m=audio 65535 RTP/AVP 0\r\n", 0},
	    {HEAD C4 T "m=audio 49170/2 RTP/AVP 0\r\n", 0},
	    {HEAD C4 T "m=audio 49170 RTP/AVP 127 0\r\n", 0},
	    {HEAD C4 T "m=audio 49170 RTP/AVP 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\r\n", 0},
	    {HEAD C4 T "m=audio 0 RTP/AVP 0\r\n", -ENOTSUP},
	    {HEAD C4 T "m=audio 65536 RTP/AVP 0\r\n", -EBADMSG},
	    {HEAD C4 T "m=audio -1 RTP/AVP 0\r\n", -EBADMSG},
	    {HEAD C4 T "m=audio 49170aaaaaaaa RTP/AVP 0\r\n", -EBADMSG},
	    {HEAD C4 T "m=audio 18446744073709551617 RTP/AVP 0\r\n", -EBADMSG},
	    {HEAD C4 T "m=audio 49170 RTP/AVP 4294967296\r\n", -EBADMSG},
	    {HEAD C4 T "m=audio 49170 RTP/AVP 128\r\n", -EBADMSG},
	    {HEAD C4 T "m=audio 49170 RTP/AVP 0 -1\r\n", -EBADMSG},
	    {HEAD C4 T "m=audio 49170 RTP/AVP 0 x\r\n", -EBADMSG},
	    {HEAD C4 T "m=audio 49170 RTP/AVP\r\n", -EBADMSG},
	    {HEAD C4 T "m=audio 49170\r\n", -EBADMSG},
	    {HEAD C4 T "m=audio\r\n", -EBADMSG},
	    {HEAD C4 T "m=\r\n", -EBADMSG},
	    {HEAD C4 T "m=averyveryverylongmediatype 1 RTP/AVP 0\r\n", -EBADMSG},
	    {HEAD C4 T "m=audio 49170 RTP/AVP 31\r\n", -ENOTSUP},
	    {HEAD C4 T "m=audio 49170 RTP/AVP 96\r\n", -ENOTSUP},
	    {HEAD C4 T "m=audio 49170 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n", -ENOTSUP},
	    {HEAD C4 T "m=audio 49170 RTP/AVP 13\r\n", -ENOTSUP},
	    {HEAD C4 T "m=audio 49170 RTP/SAVP 0\r\n", -ENOTSUP},
	    {HEAD C4 T "m=video 49170 RTP/AVP 31\r\n", -ENOTSUP},
	    {HEAD C4 T, -ENOTSUP},
	    {HEAD T "m=audio 49170 RTP/AVP 0\r\n", -EBADMSG},
	    {HEAD T "m=audio 49170 RTP/AVP 0\r\nm=video 1 RTP/AVP 31\r\n" C4, -EBADMSG},
	    {HEAD "c=IN IP4 2001:db8::1\r\n" T "m=audio 49170 RTP/AVP 0\r\n", -EBADMSG},
	    {HEAD "c=IN IP6 192.0.2.4\r\n" T "m=audio 49170 RTP/AVP 0\r\n", -EBADMSG},
	    {HEAD "c=IN IP4 host.example.com\r\n" T "m=audio 49170 RTP/AVP 0\r\n", -EBADMSG},
	    {HEAD "c=IN IP4 224.2.1.1/127\r\n" T "m=audio 49170 RTP/AVP 0\r\n", -ENOTSUP},
	    {HEAD "c=IN IP4 224.2.1.1\r\n" T "m=audio 49170 RTP/AVP 0\r\n", -ENOTSUP},
	    {HEAD "c=IN IP4 255.255.255.255\r\n" T "m=audio 49170 RTP/AVP 0\r\n", -ENOTSUP},
	    {HEAD "c=IN IP6 ff02::1\r\n" T "m=audio 49170 RTP/AVP 0\r\n", -ENOTSUP},
	    {HEAD "c=IN IP4\r\n" T "m=audio 49170 RTP/AVP 0\r\n", -EBADMSG},
	    {HEAD "c=\r\n" T "m=audio 49170 RTP/AVP 0\r\n", -EBADMSG},
	    {HEAD C4 T "m=audio 49170 RTP/AVP 0\r\na=rtcp:0\r\n", -EBADMSG},
	    {HEAD C4 T "m=audio 49170 RTP/AVP 0\r\na=rtcp:53020 IN IP4 224.0.0.1\r\n", -ENOTSUP},
	    {HEAD C4 T "m=audio 49170 RTP/AVP 0\r\nb\r\n", -EBADMSG},
	    {HEAD C4 T "m=audio 49170 RTP/AVP 0\r\nA=x\r\n", -EBADMSG},
	    {HEAD C4 T "m=audio 49170 RTP/AVP 0\r\na=x\ry\r\n", -EBADMSG},
	    {C4 T "m=audio 49170 RTP/AVP 0\r\n", -EBADMSG},
	    {"v=1\r\n" C4 T "m=audio 49170 RTP/AVP 0\r\n", -EBADMSG},
	    {HEAD "v=0\r\n" C4 T "m=audio 49170 RTP/AVP 0\r\n", -EBADMSG},
	    {"", -EBADMSG},
	    {"\r\n" HEAD C4 T "m=audio 49170 RTP/AVP 0\r\n", -EBADMSG},
	    {"<xml/>", -EBADMSG},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sdp sdp;
		int rc = parse(&sdp, cases[i].body);
		cr_assert_eq(rc, cases[i].rc, "case %zu gives %d:\n%s", i, rc, cases[i].body);
	}
}

Test(sdp, nul_and_length)
{
	static char big[SDP_MAX + 2];
	struct sdp sdp;
	char why[64];
	const char body[] = HEAD C4 T "m=audio 49170 RTP/AVP 0\r\na=\0\r\n";
	cr_assert_eq(sdp_parse(&sdp, body, sizeof(body) - 1, why, sizeof(why)), -EBADMSG);
	size_t n = (size_t)snprintf(big, sizeof(big), HEAD C4 T "m=audio 49170 RTP/AVP 0\r\na=");
	memset(big + n, 'x', sizeof(big) - n);
	cr_assert_eq(sdp_parse(&sdp, big, SDP_MAX, why, sizeof(why)), 0);
	cr_assert_eq(sdp_parse(&sdp, big, SDP_MAX + 1, why, sizeof(why)), -E2BIG);
}

Test(sdp, any_number_of_m_lines)
{
	for (unsigned count = 0; count <= 200; count++) {
		static char body[SDP_MAX];
		struct sdp sdp;
		size_t n = (size_t)snprintf(body, sizeof(body), HEAD C4 T);
		for (unsigned i = 0; i < count; i++)
			n += (size_t)snprintf(body + n, sizeof(body) - n, "m=audio %u RTP/AVP 0\r\n", i + 1);
		int rc = parse(&sdp, body);
		cr_assert_eq(rc, count == 0 ? -ENOTSUP : count <= SDP_MEDIA_MAX ? 0 : -E2BIG, "%u: %d", count, rc);
		if (rc == 0) {
			cr_assert_eq(sdp.line_count, count);
			cr_assert_eq(sdp.rtp.port, 1, "the first one that can be taken");
		}
	}
}

Test(sdp, codecs)
{
	struct sdp sdp;
	cr_assert_eq(parse(&sdp, HEAD C4 T
			   "m=audio 49170 RTP/AVP 96 9 8 0 18 13 101 102 97 3\r\n"
			   "a=rtpmap:96 OPUS/48000/2\r\na=fmtp:96 useinbandfec=1\r\na=rtpmap:97 opus/48000\r\n"
			   "a=rtpmap:101 Telephone-Event/8000\r\na=fmtp:101 0-15\r\n"
			   "a=rtpmap:102 telephone-event/48000\r\na=rtpmap:99 PCMU/8000\r\n"
			   "a=rtpmap:300 PCMA/8000\r\na=rtpmap: \r\na=rtpmap:0\r\na=rtpmap:0 pcmu/8000/1\r\n"
			   "a=ptime:20\r\n"),
		     0);
	static const struct {
		uint8_t pt, codec;
		const char *fmtp;
	} want[] = {
	    {96, XF_CODEC_OPUS, "useinbandfec=1"},
	    {9, XF_CODEC_G722, ""},
	    {8, XF_CODEC_PCMA, ""},
	    {0, XF_CODEC_PCMU, ""},
	    {18, XF_CODEC_G729, ""},
	    {13, XF_CODEC_CN, ""},
	    {101, XF_CODEC_EVENT, "0-15"},
	    {102, XF_CODEC_EVENT48, ""},
	};
	cr_assert_eq(sdp.codec_count, 8);
	for (unsigned i = 0; i < 8; i++) {
		cr_assert_eq(sdp.codecs[i].pt, want[i].pt);
		cr_assert_eq(sdp.codecs[i].codec, want[i].codec, "pt %u", want[i].pt);
		cr_assert_str_eq(sdp.codecs[i].fmtp, want[i].fmtp);
	}
	cr_assert_eq(sdp.ptime_ms, 20);
	/* A static number that the map gives to another codec is that other codec. */
	cr_assert_eq(parse(&sdp, HEAD C4 T "m=audio 1 RTP/AVP 0 8\r\na=rtpmap:0 speex/8000\r\n"), 0);
	cr_assert_eq(sdp.codec_count, 1);
	cr_assert_eq(sdp.codecs[0].codec, XF_CODEC_PCMA);
	/* The maps of another line are not ours. */
	cr_assert_eq(
	    parse(&sdp, HEAD C4 T "m=audio 1 RTP/AVP 96 8\r\nm=video 2 RTP/AVP 96\r\na=rtpmap:96 PCMU/8000\r\n"), 0);
	cr_assert_eq(sdp.codec_count, 1);
}

Test(sdp, addresses)
{
	struct sdp sdp;
	char text[XF_SOCKADDR_STRLEN];
	cr_assert_eq(parse(&sdp, HEAD C4 T "m=video 5 RTP/AVP 31\r\nc=IN IP4 192.0.2.9\r\nm=audio 49170 RTP/AVP 0\r\n"),
		     0);
	cr_assert_str_eq(xf_sockaddr_format(&sdp.rtp, text), "192.0.2.4:49170");
	cr_assert_str_eq(xf_sockaddr_format(&sdp.rtcp, text), "192.0.2.4:49171");
	cr_assert_eq(sdp.audio, 1);
	cr_assert_eq(sdp.line_count, 2);
	cr_assert_eq(parse(&sdp, HEAD C4 T "m=audio 49170 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\na=rtcp:53020\r\n"), 0);
	cr_assert_str_eq(xf_sockaddr_format(&sdp.rtp, text), "[2001:db8::1]:49170");
	cr_assert_str_eq(xf_sockaddr_format(&sdp.rtcp, text), "[2001:db8::1]:53020");
	cr_assert_eq(parse(&sdp, HEAD C4 T "m=audio 49170 RTP/AVP 0\r\na=rtcp:53020 IN IP4 192.0.2.77\r\n"), 0);
	cr_assert_str_eq(xf_sockaddr_format(&sdp.rtcp, text), "192.0.2.77:53020");
	cr_assert_eq(parse(&sdp, HEAD C4 T "m=audio 49170 RTP/AVP 0\r\na=rtcp-mux\r\na=rtcp:53020\r\n"), 0);
	cr_assert_str_eq(xf_sockaddr_format(&sdp.rtcp, text), "192.0.2.4:49170");
	cr_assert(sdp.rtcp_mux);
	sdp_unmux(&sdp);
	cr_assert_not(sdp.rtcp_mux);
	cr_assert_str_eq(xf_sockaddr_format(&sdp.rtcp, text), "192.0.2.4:53020");
	cr_assert_eq(parse(&sdp, HEAD C4 T "m=audio 65535 RTP/AVP 0\r\n"), 0);
	cr_assert_eq(sdp.rtcp.port, 0);
	/* RFC 5118 4.9 */
	cr_assert_eq(parse(&sdp, HEAD "c=IN IP6 ::ffff:192.0.2.2\r\n" T "m=audio 49170 RTP/AVP 0\r\n"), 0);
	cr_assert_str_eq(xf_sockaddr_format(&sdp.rtp, text), "192.0.2.2:49170");
}

Test(sdp, direction)
{
	static const struct {
		const char *connection, *session, *media;
		unsigned want;
	} cases[] = {
	    {C4, "", "", SDP_SENDRECV},
	    {C4, "a=sendonly\r\n", "", SDP_SENDONLY},
	    {C4, "a=sendonly\r\n", "a=recvonly\r\n", SDP_RECVONLY},
	    {C4, "a=inactive\r\n", "a=sendrecv\r\n", SDP_SENDRECV},
	    {C4, "", "a=inactive\r\n", SDP_INACTIVE},
	    {"c=IN IP4 0.0.0.0\r\n", "", "", SDP_SENDONLY},
	    {"c=IN IP4 0.0.0.0\r\n", "", "a=sendrecv\r\n", SDP_SENDONLY},
	    {"c=IN IP4 0.0.0.0\r\n", "", "a=recvonly\r\n", SDP_INACTIVE},
	    {"c=IN IP6 ::\r\n", "", "", SDP_SENDONLY},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sdp sdp;
		char body[512];
		snprintf(body, sizeof(body),
			 HEAD "%s" T "%sm=audio 49170 RTP/AVP 0\r\n%sm=video 7 RTP/AVP 31\r\na=inactive\r\n",
			 cases[i].connection, cases[i].session, cases[i].media);
		cr_assert_eq(parse(&sdp, body), 0);
		cr_assert_eq(sdp.direction, cases[i].want, "case %zu: %u", i, sdp.direction);
	}
}

static struct sdp_local local_example(void)
{
	struct sdp_local local = {
	    .session_id = 3735928559,
	    .version = 3,
	    .rtp = {.port = 16384},
	    .direction = SDP_SENDRECV,
	    .codecs = {{0, XF_CODEC_PCMU, ""}, {101, XF_CODEC_EVENT, ""}, {111, XF_CODEC_OPUS, "useinbandfec=1"}},
	    .codec_count = 3,
	    .ptime_ms = 20,
	};
	xf_addr_parse(&local.rtp.addr, "203.0.113.5");
	return local;
}

Test(sdp, format_offer)
{
	struct sdp_local local = local_example();
	char buf[1024];
	static const char want[] =
	    "v=0\r\no=- 3735928559 3 IN IP4 203.0.113.5\r\ns=-\r\nc=IN IP4 203.0.113.5\r\nt=0 0\r\n"
	    "m=audio 16384 RTP/AVP 0 101 111\r\na=rtpmap:0 PCMU/8000\r\n"
	    "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=rtpmap:111 opus/48000/2\r\n"
	    "a=fmtp:111 useinbandfec=1\r\na=ptime:20\r\na=sendrecv\r\n";
	int n = sdp_format(buf, sizeof(buf), &local, NULL);
	cr_assert_str_eq(buf, want);
	cr_assert_eq(n, (int)sizeof(want) - 1);
	for (size_t size = 0; size < sizeof(want); size++)
		cr_assert_eq(sdp_format(buf, size, &local, NULL), -E2BIG, "%zu", size);
	cr_assert_eq(sdp_format(buf, sizeof(want), &local, NULL), n);
	local.codec_count = 0;
	cr_assert_eq(sdp_format(buf, sizeof(buf), &local, NULL), -EINVAL);
}

Test(sdp, format_answer_refuses_the_other_lines_in_order)
{
	struct sdp_local local = local_example();
	struct sdp offer, back;
	char buf[1024];
	cr_assert_eq(parse(&offer,
			   HEAD C4 T "m=video 7 RTP/AVP 31 34\r\na=secret\r\nm=audio 49170 RTP/AVP 0\r\n"
				     "m=audio 49180 RTP/AVP 8\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"),
		     0);
	local.ptime_ms = 0;
	local.codec_count = 1;
	local.direction = SDP_RECVONLY;
	xf_addr_parse(&local.rtp.addr, "2001:db8::5");
	cr_assert_gt(sdp_format(buf, sizeof(buf), &local, &offer), 0);
	cr_assert_str_eq(buf,
			 "v=0\r\no=- 3735928559 3 IN IP6 2001:db8::5\r\ns=-\r\nc=IN IP6 2001:db8::5\r\nt=0 0\r\n"
			 "m=video 0 RTP/AVP 31\r\nm=audio 16384 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=recvonly\r\n"
			 "m=audio 0 RTP/AVP 8\r\nm=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n");
	cr_assert_eq(parse(&back, buf), 0);
	cr_assert(xf_sockaddr_eq(&back.rtp, &local.rtp));
	cr_assert_eq(back.audio, 1);
	cr_assert_eq(back.line_count, 4);
	cr_assert_eq(back.direction, SDP_RECVONLY);
	cr_assert_not(back.rtcp_mux);
	/* An offer of it is taken, on its own line. */
	cr_assert_eq(parse(&offer, HEAD C4 T "m=audio 49170 RTP/AVP 0\r\na=rtcp-mux\r\nm=audio 7 RTP/AVP 8\r\n"), 0);
	cr_assert_gt(sdp_format(buf, sizeof(buf), &local, &offer), 0);
	cr_assert_str_eq(buf, "v=0\r\no=- 3735928559 3 IN IP6 2001:db8::5\r\ns=-\r\nc=IN IP6 2001:db8::5\r\nt=0 0\r\n"
			      "m=audio 16384 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=rtcp-mux\r\na=recvonly\r\n"
			      "m=audio 0 RTP/AVP 8\r\n");
}

Test(sdp, intersect)
{
	const struct sdp_codec ours[] = {
	    {8, XF_CODEC_PCMA, ""}, {0, XF_CODEC_PCMU, ""}, {101, XF_CODEC_EVENT, "0-16"}, {13, XF_CODEC_CN, ""}};
	const struct sdp_codec theirs[] = {{96, XF_CODEC_EVENT, "0-15"},
					   {18, XF_CODEC_G729, "annexb=no"},
					   {0, XF_CODEC_PCMU, "x=192.0.2.1"},
					   {13, XF_CODEC_CN, ""}};
	struct sdp_codec out[SDP_CODEC_MAX];
	cr_assert_eq(sdp_intersect(out, theirs, 4, ours, 4), 3);
	cr_assert_eq(out[0].pt, 96);
	cr_assert_eq(out[0].codec, XF_CODEC_EVENT);
	cr_assert_str_eq(out[0].fmtp, "0-16");
	cr_assert_eq(out[1].pt, 0);
	cr_assert_str_eq(out[1].fmtp, "");
	cr_assert_eq(out[2].pt, 13);
	cr_assert_eq(sdp_intersect(out, theirs, 2, ours, 4), 0, "events alone are no call");
	cr_assert_eq(sdp_intersect(out, theirs, 0, ours, 4), 0);
}

/* Every truncation, and thousands of changed bytes: an outcome, never more. */
Test(sdp, truncated_and_changed)
{
	static const char *const bodies[] = {
	    HEAD C4 T "m=audio 49170 RTP/AVP 96 0 101\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 a=b\r\n"
		      "a=rtcp:53020 IN IP6 2001:db8::1\r\na=ptime:20\r\na=sendonly\r\n",
	    HEAD T "m=video 1/2 RTP/AVP 31\r\nm=audio 1 RTP/AVP 0\r\nc=IN IP6 ::ffff:192.0.2.2\r\na=rtcp-mux\r\n",
	};
	uint64_t x = 88172645463325252ull;
	char why[64], changed[512];
	struct sdp sdp;
	for (unsigned b = 0; b < 2; b++) {
		size_t len = strlen(bodies[b]);
		for (size_t cut = 0; cut <= len; cut++) {
			char exact[512];
			memcpy(exact, bodies[b], cut);
			int rc = sdp_parse(&sdp, exact, cut, why, sizeof(why));
			cr_assert(rc == 0 || rc == -EBADMSG || rc == -ENOTSUP);
		}
		for (unsigned round = 0; round < 5000; round++) {
			memcpy(changed, bodies[b], len);
			for (unsigned i = 0; i < 1 + round % 4; i++) {
				x ^= x << 13, x ^= x >> 7, x ^= x << 17;
				changed[(x >> 8) % len] = (char)x;
			}
			int rc = sdp_parse(&sdp, changed, len, why, sizeof(why));
			cr_assert(rc == 0 || rc == -EBADMSG || rc == -ENOTSUP || rc == -E2BIG);
			if (rc == 0) {
				cr_assert_leq(sdp.codec_count, SDP_CODEC_MAX);
				cr_assert_lt(sdp.audio, sdp.line_count);
				cr_assert_neq(sdp.rtp.port, 0);
			}
		}
	}
}
