#include "scene.h"

#include <criterion/criterion.h>
#include <unistd.h>

const char scene_configuration[] =
    "ports:\n"
    "  - {name: one, device: net_null0, tap: t0, addresses: [192.0.2.1/24]}\n"
    "  - {name: two, device: net_null1, tap: t1, addresses: [198.51.100.1/24]}\n"
    "  - {name: three, device: net_null2, tap: t2, addresses: [203.0.113.1/24]}\n"
    "networks:\n"
    "  - {name: carrier, port: one, sip: 192.0.2.1, media: [192.0.2.1]}\n"
    "  - {name: agents, port: two, sip: 198.51.100.1, media: [198.51.100.1]}\n"
    "  - {name: pbx, port: three, sip: 203.0.113.1, media: [203.0.113.1]}\n"
    "providers:\n"
    "  - name: carrier\n"
    "    owner: acme\n"
    "    network: carrier\n"
    "    region: US\n"
    "    trunk: sip:edge.carrier.lab\n"
    "    sources: [192.0.2.0/25]\n"
    "    username: acme\n"
    "    password-env: SCENE_PASSWORD\n"
    "    realm: carrier.lab\n"
    "numbers:\n"
    "  - {number: \"+12025550100\", owner: acme, verified: operator, active: true, providers: [carrier]}\n"
    "agents:\n"
    "  - name: bot\n"
    "    owner: acme\n"
    "    network: agents\n"
    "    uri: sip:bot@agent.lab\n"
    "    sources: [198.51.100.10]\n"
    "    region: US\n"
    "    caller-id: dialled\n"
    "    may: {plans: [sales], prefixes: [\"+1202\"]}\n"
    "routes:\n"
    "  - {number: \"+12025550100\", provider: carrier, agent: bot, ring-time: 20s, agent-fails: 480, agent-lost: "
    "hang-up}\n"
    "plans:\n"
    "  - name: sales\n"
    "    owner: acme\n"
    "    type: number\n"
    "    destination: \"+12025550150\"\n"
    "    caller-id: \"+12025550100\"\n"
    "    ring-time: 10s\n"
    "    fallbacks: [{type: agent}]\n";

struct scene_packet {
	uint64_t ns;
	unsigned order;
	struct xf_sockaddr from, to;
	void *data;
	size_t len;
};

void scene_open(struct scene *scene)
{
	*scene = (struct scene){.count = 0};
	setenv("SCENE_PASSWORD", "secret", 1);
	strcpy(scene->dir, "/tmp/xfergate-replay-XXXXXX");
	cr_assert_not_null(mkdtemp(scene->dir));
	snprintf(scene->capture, sizeof(scene->capture), "%s/in.pcap", scene->dir);
	snprintf(scene->config, sizeof(scene->config), "%s/config.yaml", scene->dir);
	snprintf(scene->out, sizeof(scene->out), "%s/out.pcap", scene->dir);
	snprintf(scene->report, sizeof(scene->report), "%s/report.json", scene->dir);
	snprintf(scene->expect, sizeof(scene->expect), "%s/expect", scene->dir);
	FILE *file = fopen(scene->config, "w");
	cr_assert_not_null(file);
	fputs(scene_configuration, file);
	fclose(file);
}

static int in_time(const void *a, const void *b)
{
	const struct scene_packet *x = a, *y = b;
	return x->ns != y->ns ? (x->ns < y->ns ? -1 : 1) : x->order < y->order ? -1 : 1;
}

void scene_done(struct scene *scene)
{
	struct capture_writer *writer;
	char why[CAPTURE_WHY];
	cr_assert_eq(capture_writer_open(&writer, scene->capture, why), 0, "%s", why);
	if (scene->count)
		qsort(scene->packets, scene->count, sizeof(*scene->packets), in_time);
	for (unsigned i = 0; i < scene->count; i++) {
		const struct scene_packet *packet = &scene->packets[i];
		capture_writer_udp(writer, packet->ns, &packet->from, &packet->to, packet->data, packet->len);
		free(packet->data);
	}
	free(scene->packets);
	scene->packets = NULL;
	cr_assert_eq(capture_writer_close(writer, true), 0);
}

void scene_remove(struct scene *scene)
{
	char command[160];
	snprintf(command, sizeof(command), "rm -r %s", scene->dir);
	cr_assert_eq(system(command), 0);
}

static struct xf_sockaddr place(const char *text)
{
	struct xf_sockaddr at = {.port = 5060};
	char host[64];
	const char *colon = strchr(text, ':');
	snprintf(host, sizeof(host), "%.*s", (int)(colon ? colon - text : (long)strlen(text)), text);
	cr_assert_eq(xf_addr_parse(&at.addr, host), 0, "%s", text);
	if (colon)
		at.port = (uint16_t)atoi(colon + 1);
	return at;
}

void scene_udp(struct scene *scene, double s, const char *from, const char *to, const void *data, size_t len)
{
	if (scene->count % 256 == 0)
		scene->packets = realloc(scene->packets, (scene->count + 256) * sizeof(*scene->packets));
	cr_assert_not_null(scene->packets);
	scene->packets[scene->count] = (struct scene_packet){.ns = SCENE_EPOCH_NS + (uint64_t)(s * 1e6 + 0.5) * 1000,
							     .order = scene->count,
							     .from = place(from),
							     .to = place(to),
							     .data = memcpy(malloc(len + 1), data, len),
							     .len = len};
	scene->count++;
}

void scene_sip(struct scene *scene, double s, const char *from, const char *to, const char *text)
{
	char message[8192], body[1024] = "";
	size_t n = 0;
	const char *sdp = strstr(text, "%SDP ");
	if (sdp) {
		char host[64];
		unsigned port;
		cr_assert_eq(sscanf(sdp, "%%SDP %63s %u", host, &port), 2);
		snprintf(body, sizeof(body),
			 "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %u RTP/AVP 0\r\n"
			 "a=rtpmap:0 PCMU/8000\r\n",
			 host, host, port);
	}
	for (const char *p = text; *p && p != sdp; p++) {
		if (*p == '\n')
			message[n++] = '\r';
		message[n++] = *p;
	}
	n += (size_t)snprintf(message + n, sizeof(message) - n, "%sContent-Length: %zu\r\n\r\n%s",
			      sdp ? "Content-Type: application/sdp\r\n" : "", strlen(body), body);
	scene_udp(scene, s, from, to, message, n);
}

void scene_rtp(struct scene *scene, double s, const char *from, const char *to, unsigned packets, uint32_t ssrc)
{
	uint8_t packet[172] = {0x80, 0};
	for (unsigned i = 0; i < packets; i++) {
		uint32_t timestamp = 160 * i, words[2] = {htonl(timestamp), htonl(ssrc)};
		packet[1] = i ? 0 : 0x80;
		packet[2] = (uint8_t)(i >> 8);
		packet[3] = (uint8_t)i;
		memcpy(packet + 4, words, sizeof(words));
		memset(packet + 12, (int)(i & 0x7f), 160);
		scene_udp(scene, s + 0.02 * i, from, to, packet, sizeof(packet));
	}
}

#define CALLER_DIALOG                                                                                                  \
	"From: \"A\" <sip:+12025550199@192.0.2.20>;tag=callertag\nCall-ID: caller-call\nMax-Forwards: 70\n"            \
	"Contact: <sip:caller@192.0.2.20:5060>\n"
#define AGENT_REQUEST                                                                                                  \
	"From: <sip:+12025550199@198.51.100.1>;tag=gwtag\nCall-ID: recorded-agent-call\nMax-Forwards: 69\n"            \
	"Contact: <sip:xfergate@198.51.100.1:5060>\n"
#define AGENT_ANSWER                                                                                                   \
	"Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKrecorded-%s;rport=5060\n"                                    \
	"From: <sip:+12025550199@198.51.100.1>;tag=gwtag\nTo: <sip:bot@agent.lab>;tag=agenttag\n"                      \
	"Call-ID: recorded-agent-call\nCSeq: %s\nContact: <sip:bot@198.51.100.10:5060>\n"
#define CALLER_ANSWER                                                                                                  \
	"Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bKcaller-%s;rport=5060\n"                                        \
	"From: \"A\" <sip:+12025550199@192.0.2.20>;tag=callertag\nTo: <sip:+12025550100@192.0.2.1>;tag=recordedtag\n"  \
	"Call-ID: caller-call\nCSeq: %s\nContact: <sip:xfergate@192.0.2.1:5060>\n"

static void agent_says(struct scene *scene, double s, const char *start, const char *branch, const char *cseq, bool sdp)
{
	char text[2048];
	int n = snprintf(text, sizeof(text), "%s\n", start);
	n += snprintf(text + n, sizeof(text) - (size_t)n, AGENT_ANSWER, branch, cseq);
	snprintf(text + n, sizeof(text) - (size_t)n, "%s", sdp ? "%SDP 198.51.100.10 30000\n" : "");
	scene_sip(scene, s, "198.51.100.10", "198.51.100.1", text);
}

static void caller_hears(struct scene *scene, double s, const char *start, const char *branch, const char *cseq,
			 bool sdp)
{
	char text[2048];
	int n = snprintf(text, sizeof(text), "%s\n", start);
	n += snprintf(text + n, sizeof(text) - (size_t)n, CALLER_ANSWER, branch, cseq);
	snprintf(text + n, sizeof(text) - (size_t)n, "%s", sdp ? "%SDP 192.0.2.1 20002\n" : "");
	scene_sip(scene, s, "192.0.2.1", "192.0.2.20", text);
}

void scene_call(struct scene *scene, double late)
{
	scene_sip(scene, 0, "192.0.2.20", "192.0.2.1",
		  "INVITE sip:+12025550100@192.0.2.1 SIP/2.0\n"
		  "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bKcaller-1;rport\n" CALLER_DIALOG
		  "To: <sip:+12025550100@192.0.2.1>\nCSeq: 1 INVITE\n%SDP 192.0.2.20 40000\n");
	scene_sip(scene, 0.001 + late, "198.51.100.1", "198.51.100.10",
		  "INVITE sip:bot@agent.lab SIP/2.0\n"
		  "Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKrecorded-1;rport\n" AGENT_REQUEST
		  "To: <sip:bot@agent.lab>\nCSeq: 7 INVITE\n%SDP 198.51.100.1 20000\n");
	agent_says(scene, 0.1 + late, "SIP/2.0 180 Ringing", "1", "7 INVITE", false);
	caller_hears(scene, 0.101 + late, "SIP/2.0 180 Ringing", "1", "1 INVITE", false);
	agent_says(scene, 1.0 + late, "SIP/2.0 200 OK", "1", "7 INVITE", true);
	scene_sip(scene, 1.001 + late, "198.51.100.1", "198.51.100.10",
		  "ACK sip:bot@198.51.100.10:5060 SIP/2.0\n"
		  "Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKrecorded-2;rport\n" AGENT_REQUEST
		  "To: <sip:bot@agent.lab>;tag=agenttag\nCSeq: 7 ACK\n");
	caller_hears(scene, 1.002 + late, "SIP/2.0 200 OK", "1", "1 INVITE", true);
	scene_sip(scene, 1.03 + late, "192.0.2.20", "192.0.2.1",
		  "ACK sip:xfergate@192.0.2.1:5060 SIP/2.0\n"
		  "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bKcaller-2;rport\n" CALLER_DIALOG
		  "To: <sip:+12025550100@192.0.2.1>;tag=recordedtag\nCSeq: 1 ACK\n");
	scene_rtp(scene, 1.05 + late, "192.0.2.20:40000", "192.0.2.1:20002", 250, 0xca11e4);
	scene_rtp(scene, 1.05 + late, "198.51.100.10:30000", "198.51.100.1:20000", 250, 0xa6e47);
	scene_sip(scene, 6.1 + late, "192.0.2.20", "192.0.2.1",
		  "BYE sip:xfergate@192.0.2.1:5060 SIP/2.0\n"
		  "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bKcaller-3;rport\n" CALLER_DIALOG
		  "To: <sip:+12025550100@192.0.2.1>;tag=recordedtag\nCSeq: 2 BYE\n");
	caller_hears(scene, 6.101 + late, "SIP/2.0 200 OK", "3", "2 BYE", false);
	scene_sip(scene, 6.101 + 2 * late, "198.51.100.1", "198.51.100.10",
		  "BYE sip:bot@198.51.100.10:5060 SIP/2.0\n"
		  "Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKrecorded-3;rport\n" AGENT_REQUEST
		  "To: <sip:bot@agent.lab>;tag=agenttag\nCSeq: 8 BYE\n");
	agent_says(scene, 6.12 + 2 * late, "SIP/2.0 200 OK", "3", "8 BYE", false);
}

#define PHONE_DIALOG                                                                                                   \
	"From: <sip:+12025550199@10.0.0.5>;tag=aaa\nCall-ID: direct@10.0.0.5\nMax-Forwards: 70\n"                      \
	"Contact: <sip:a@10.0.0.5:5060>\n"

static void phone_answers(struct scene *scene, double s, const char *start, const char *branch, const char *cseq,
			  bool sdp)
{
	char text[2048];
	int n = snprintf(text, sizeof(text),
			 "%s\nVia: SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bKphone-%s\n"
			 "From: <sip:+12025550199@10.0.0.5>;tag=aaa\nTo: <sip:+12025550100@10.0.0.9>;tag=bbb\n"
			 "Call-ID: direct@10.0.0.5\nCSeq: %s\nContact: <sip:b@10.0.0.9:5060>\n",
			 start, branch, cseq);
	snprintf(text + n, sizeof(text) - (size_t)n, "%s", sdp ? "%SDP 10.0.0.9 7000\n" : "");
	scene_sip(scene, s, "10.0.0.9", "10.0.0.5", text);
}

void scene_direct_call(struct scene *scene)
{
	scene_sip(scene, 0, "10.0.0.5", "10.0.0.9",
		  "INVITE sip:+12025550100@10.0.0.9 SIP/2.0\n"
		  "Via: SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bKphone-1\n" PHONE_DIALOG
		  "To: <sip:+12025550100@10.0.0.9>\nCSeq: 1 INVITE\n%SDP 10.0.0.5 6000\n");
	phone_answers(scene, 0.2, "SIP/2.0 180 Ringing", "1", "1 INVITE", false);
	phone_answers(scene, 2.0, "SIP/2.0 200 OK", "1", "1 INVITE", true);
	scene_sip(scene, 2.05, "10.0.0.5", "10.0.0.9",
		  "ACK sip:b@10.0.0.9:5060 SIP/2.0\n"
		  "Via: SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bKphone-2\n" PHONE_DIALOG
		  "To: <sip:+12025550100@10.0.0.9>;tag=bbb\nCSeq: 1 ACK\n");
	scene_rtp(scene, 2.06, "10.0.0.5:6000", "10.0.0.9:7000", 200, 0x5);
	scene_rtp(scene, 2.06, "10.0.0.9:7000", "10.0.0.5:6000", 200, 0x9);
	scene_sip(scene, 6.2, "10.0.0.9", "10.0.0.5",
		  "BYE sip:a@10.0.0.5:5060 SIP/2.0\n"
		  "Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKphone-3\n"
		  "From: <sip:+12025550100@10.0.0.9>;tag=bbb\nTo: <sip:+12025550199@10.0.0.5>;tag=aaa\n"
		  "Call-ID: direct@10.0.0.5\nMax-Forwards: 70\nCSeq: 100 BYE\n");
	scene_sip(scene, 6.21, "10.0.0.5", "10.0.0.9",
		  "SIP/2.0 200 OK\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKphone-3\n"
		  "From: <sip:+12025550100@10.0.0.9>;tag=bbb\nTo: <sip:+12025550199@10.0.0.5>;tag=aaa\n"
		  "Call-ID: direct@10.0.0.5\nCSeq: 100 BYE\n");
}
