/* `xfergate ladder` over captures that are written here. */
#include <criterion/criterion.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "capture/capture.h"
#include "cli/trace.h"

#define MS    1000000ull
#define START (1700000000000ull * MS)

static char folder[] = "/tmp/xfergate-trace-XXXXXX", files[2][64];
static struct capture_writer *writers[2];

static void setup(void)
{
	char why[CAPTURE_WHY];
	setlocale(LC_CTYPE, "C.UTF-8");
	cr_assert(mkdtemp(folder));
	for (int i = 0; i < 2; i++) {
		snprintf(files[i], sizeof(files[i]), "%s/%d.pcap", folder, i);
		cr_assert(capture_writer_open(&writers[i], files[i], why) == 0, "%s", why);
	}
}

static void teardown(void)
{
	for (int i = 0; i < 2; i++)
		unlink(files[i]);
	rmdir(folder);
}

TestSuite(trace, .init = setup, .fini = teardown);

/* "192.0.2.1:5060" */
static struct xf_sockaddr address(const char *text)
{
	char host[XF_ADDR_STRLEN];
	struct xf_sockaddr s = {0};
	const char *colon = strrchr(text, ':');
	snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	cr_assert(xf_addr_parse(&s.addr, host) == 0, "%s", text);
	s.port = (uint16_t)atoi(colon + 1);
	return s;
}

static void datagram(int file, unsigned ms, const char *from, const char *to, const void *data, size_t len)
{
	struct xf_sockaddr source = address(from), destination = address(to);
	capture_writer_udp(writers[file], START + ms * MS, &source, &destination, data, len);
}

/* A message with a Call-ID and, unless media is NULL, an SDP that names that address. */
static void sip(int file, unsigned ms, const char *from, const char *to, const char *start, const char *call,
		const char *media)
{
	char text[1000], body[300] = "";
	if (media) {
		struct xf_sockaddr place = address(media);
		char host[XF_ADDR_STRLEN];
		snprintf(body, sizeof(body),
			 "v=0\r\nc=IN IP4 %s\r\nm=audio %u RTP/AVP 0 96\r\na=rtpmap:96 opus/48000/2\r\n",
			 xf_addr_format(&place.addr, host), place.port);
	}
	int len = snprintf(text, sizeof(text),
			   "%s\r\nVia: SIP/2.0/UDP x\r\nCSeq: 1 INVITE\r\nCall-ID: %s\r\nContent-Length: %zu\r\n\r\n%s",
			   start, call, strlen(body), body);
	datagram(file, ms, from, to, text, (size_t)len);
}

static void rtp(int file, unsigned ms, unsigned count, const char *from, const char *to, uint8_t type, uint8_t ssrc)
{
	for (unsigned i = 0; i < count; i++) {
		uint8_t packet[172] = {0x80, type, (uint8_t)(i >> 8), (uint8_t)i, [11] = ssrc};
		datagram(file, ms + 20 * i, from, to, packet, sizeof(packet));
	}
}

static void expect(const struct args *args, unsigned width, int code, const char *wanted_out, const char *wanted_err)
{
	char *out_text = NULL, *err_text = NULL;
	size_t out_len, err_len;
	for (int i = 0; i < 2; i++) {
		if (writers[i])
			cr_assert(capture_writer_close(writers[i], true) == 0);
		writers[i] = NULL;
	}
	FILE *out = open_memstream(&out_text, &out_len), *err = open_memstream(&err_text, &err_len);
	cr_expect(trace_run(args, width, out, err) == code);
	fclose(out);
	fclose(err);
	cr_expect_str_eq(out_text, wanted_out, "drawn:\n%s\nwanted:\n%s", out_text, wanted_out);
	cr_expect(wanted_err[0] ? strstr(err_text, wanted_err) != NULL : !err_text[0], "'%s' does not say '%s'",
		  err_text, wanted_err);
	free(out_text);
	free(err_text);
}

#define A     "192.0.2.20:5060"
#define G_A   "192.0.2.1:5060"
#define G_B   "198.51.100.1:5060"
#define B     "198.51.100.10:5060"
#define A_RTP "192.0.2.20:20000"
#define G_RTP "192.0.2.1:16384"
#define INV   "INVITE sip:b SIP/2.0"

/* A call through a gateway, in a capture on each of its sides. */
static void write_call(void)
{
	sip(0, 0, A, G_A, INV, "one@a", A_RTP);
	sip(0, 500, A, G_A, INV, "one@a", A_RTP);
	sip(1, 2, G_B, B, INV, "two@g", "198.51.100.1:16386");
	sip(1, 100, B, G_B, "SIP/2.0 200 OK", "two@g", "198.51.100.10:30000");
	sip(0, 510, G_A, A, "SIP/2.0 200 OK", "one@a", G_RTP);
	rtp(0, 600, 10, A_RTP, G_RTP, 0, 1);
	rtp(0, 605, 8, G_RTP, A_RTP, 96, 2);
	rtp(1, 601, 10, "198.51.100.1:16386", "198.51.100.10:30000", 0, 3);
	/* RTCP is not counted */
	rtp(0, 605, 8, "192.0.2.1:16385", "192.0.2.20:20001", 200, 2);
	sip(0, 1000, A, G_A, "BYE sip:b SIP/2.0", "one@a", NULL);
}

Test(trace, lanes_by_themselves)
{
	write_call();
	struct args args = {.files = {{files[0], files[1]}, 2}};
	expect(&args, 80, 0,
	       "            192.0.2.20        192.0.2.1      198.51.100.1     198.51.100.10\n"
	       "   0.000         |---- INVITE --->|                |                |\n"
	       "   0.002         |                |                |---- INVITE --->|\n"
	       "   0.100         |                |                |< 200 (INVITE) -|\n"
	       "   0.500         |~~~~ INVITE ~~~>|                |                |\n"
	       "   0.510         |< 200 (INVITE) -|                |                |\n"
	       "   0.600         |... RTP PCMU ..>|                |                |\n"
	       "   0.601         |                |                |... RTP PCMU ..>|\n"
	       "   0.605         |<.. RTP opus ...|                |                |\n"
	       "         media: 192.0.2.20 10/8, 192.0.2.1 8/10, 198.51.100.1 10/0,\n"
	       "                198.51.100.10 0/10\n"
	       "   1.000         |----- BYE ----->|                |                |\n",
	       "");
}

Test(trace, lanes_that_are_given)
{
	write_call();
	struct args args = {
	    .files = {{files[1], files[0]}, 2},
	    .lanes = {{"caller=192.0.2.20", "gateway=192.0.2.1,198.51.100.1", "agent=198.51.100.10"}, 3},
	    .hub = "gateway"};
	expect(&args, 200, 0,
	       "              caller           gateway           agent        media until the next message\n"
	       "   0.000         |---- INVITE --->|                |\n"
	       "   0.002         |                |---- INVITE --->|\n"
	       "   0.100         |                |< 200 (INVITE) -|\n"
	       "   0.500         |~~~~ INVITE ~~~>|                |\n"
	       "   0.510         |< 200 (INVITE) -|                |          caller 10/8, agent 0/10\n"
	       "   0.600         |... RTP PCMU ..>|                |\n"
	       "   0.601         |                |... RTP PCMU ..>|\n"
	       "   0.605         |<.. RTP opus ...|                |\n"
	       "   1.000         |----- BYE ----->|                |\n",
	       "");
}

Test(trace, lanes_leave_out)
{
	write_call();
	struct args args = {.files = {{files[0], files[1]}, 2},
			    .lanes = {{"gateway=198.51.100.1", "agent=198.51.100.10"}, 2},
			    .no_media = true};
	expect(&args, 80, 0,
	       "              gateway           agent\n"
	       "   0.000         |---- INVITE --->|\n"
	       "   0.098         |< 200 (INVITE) -|\n",
	       "");
}

/* Messages of one Call-ID, and what their SDP names. */
Test(trace, one_call)
{
	write_call();
	sip(0, 50, A, G_A, INV, "three@a", "192.0.2.20:20002");
	rtp(0, 600, 10, "192.0.2.20:20002", "192.0.2.1:16390", 0, 9);
	struct args args = {.files = {{files[0], files[1]}, 2}, .call_id = "one@"};
	expect(&args, 80, 0,
	       "            192.0.2.20        192.0.2.1      media until the next message\n"
	       "   0.000         |---- INVITE --->|\n"
	       "   0.500         |~~~~ INVITE ~~~>|\n"
	       "   0.510         |< 200 (INVITE) -|          192.0.2.20 10/8, 192.0.2.1 8/10\n"
	       "   0.600         |... RTP PCMU ..>|\n"
	       "   0.605         |<.. RTP opus ...|\n"
	       "   1.000         |----- BYE ----->|\n",
	       "");
	args.call_id = "four";
	expect(&args, 80, 1, "", "no message has a Call-ID with 'four'");
}

/* Media without SDP is found by its SSRC and counted from its first packet; noise of the same shape is not drawn. */
Test(trace, media_without_sdp)
{
	rtp(0, 0, 5, "192.0.2.20:20000", "192.0.2.1:16384", 97, 1);
	for (uint8_t i = 0; i < 20; i++)
		rtp(0, i, 1, "203.0.113.1:4000", "203.0.113.2:4000", 0, i);
	struct args args = {.files = {{files[0]}, 1}};
	expect(&args, 100, 0,
	       "             192.0.2.20          192.0.2.1       media until the next message\n"
	       "   0.000          |. RTP payload 97 >|           192.0.2.20 5/0, 192.0.2.1 0/5\n",
	       "");
	args.no_media = true;
	expect(&args, 100, 1, "", "no SIP message and no RTP stream is there");
}

Test(trace, what_cannot_be_drawn)
{
	sip(0, 0, A, G_A, INV, "one@a", NULL);
	struct args args = {.files = {{files[0]}, 1}, .hub = "gateway"};
	expect(&args, 80, 1, "", "--hub: there is no lane 'gateway'");
	args = (struct args){.files = {{files[0]}, 1}, .lanes = {{"a=192.0.2.20"}, 1}};
	expect(&args, 80, 1, "", "no RTP stream has both its ends in lanes");
	args = (struct args){.files = {{files[0]}, 1}, .lanes = {{"a=nobody"}, 1}};
	expect(&args, 80, 1, "", "xfergate: --lane: 'nobody' is no address");
	args = (struct args){.files = {{files[0], "/nonexistent/x.pcap"}, 2}};
	expect(&args, 80, 1, "", "xfergate: /nonexistent/x.pcap: ");
	args = (struct args){.files = {{files[1]}, 1}};
	expect(&args, 80, 1, "", "nothing to draw");
}

/* A capture that was cut off in the middle of a packet is drawn as far as it goes, and that is said. */
Test(trace, damaged)
{
	write_call();
	struct args args = {.files = {{files[1]}, 1}, .no_media = true};
	cr_assert(capture_writer_close(writers[1], true) == 0);
	writers[1] = NULL;
	struct stat st;
	cr_assert(stat(files[1], &st) == 0);
	cr_assert(truncate(files[1], st.st_size - 10) == 0);
	expect(&args, 80, 0,
	       "           198.51.100.1     198.51.100.10\n"
	       "   0.000         |---- INVITE --->|\n"
	       "   0.098         |< 200 (INVITE) -|\n",
	       "1.pcap: damaged: ");
	/* within the first packet: nothing is left */
	cr_assert(truncate(files[1], 24 + 16 + 100) == 0);
	expect(&args, 80, 1, "", "1.pcap: damaged: ");
}
