#include "stage.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static void say(void *arg, const char *from, const char *text, size_t len)
{
	struct stage *stage = arg;
	struct xf_sockaddr source = {.port = 5060};
	cr_assert_eq(xf_addr_parse(&source.addr, from), 0);
	unsigned port = source.addr.bytes[0] == 198;
	world_datagram(stage->world, port, &source, &stage->config->networks[port].sip, text, len);
}

static void heard_sip(struct stage *stage, const struct xf_sockaddr *to, const uint8_t *data, size_t len)
{
	/* Parties hear each message once, however often it is repeated. */
	for (unsigned i = 0; i < stage->sip_count; i++)
		if (stage->sip[i].len == len && memcmp(stage->sip[i].text, data, len) == 0)
			return;
	cr_assert_lt(stage->sip_count, STAGE_SIP_MAX);
	struct stage_sip *sip = &stage->sip[stage->sip_count++];
	*sip = (struct stage_sip){world_now(stage->world), *to, strndup((const char *)data, len), len};
	const char *audio = strstr(sip->text, "m=audio ");
	if (audio)
		stage->media_port[to->addr.bytes[0] == 198] = (unsigned)atoi(audio + 8);
}

static void heard_rtp(struct stage *stage, unsigned port, const uint8_t *data, size_t len)
{
	uint32_t ssrc;
	if (len >= 2 && data[1] >= 192 && data[1] <= 223)
		return; /* RTCP */
	cr_assert_geq(len, 12);
	memcpy(&ssrc, data + 8, 4);
	uint16_t sequence = (uint16_t)(data[2] << 8 | data[3]);
	if (stage->rtp_out[port]++) {
		cr_expect_eq(ssrc, stage->ssrc_out[port]);
		cr_expect_eq(sequence, (uint16_t)(stage->sequence_out[port] + 1),
			     "port %u: %u after %u, pt %u, %zu bytes", port, sequence, stage->sequence_out[port],
			     data[1], len);
	}
	stage->ssrc_out[port] = ssrc;
	stage->sequence_out[port] = sequence;
}

static void on_frame(void *arg, unsigned port, const void *frame, size_t len)
{
	struct stage *stage = arg;
	const uint8_t *ip, *bytes = frame;
	size_t ip_len;
	bool cut;
	uint64_t now_ns = world_now(stage->world);
	stage->digest = (stage->digest ^ now_ns) * 1099511628211ull;
	for (size_t i = 0; i < len; i++)
		stage->digest = (stage->digest ^ bytes[i]) * 1099511628211ull;
	if (capture_frame(1, frame, len, &ip, &ip_len, &cut) != CAPTURE_FRAME_IP || cut || ip_len < 28) {
		stage->wrong++;
		return;
	}
	if ((ip[6] & 0x3f || ip[7]) && capture_reassembly_add(stage->reassembly, now_ns, ip, ip_len, &ip, &ip_len) != 1)
		return;
	struct xf_sockaddr to = {.addr = xf_addr_v4(ip + 16), .port = (uint16_t)(ip[22] << 8 | ip[23])};
	uint16_t from_port = (uint16_t)(ip[20] << 8 | ip[21]);
	if (from_port == 5060)
		heard_sip(stage, &to, ip + 28, ip_len - 28);
	else
		heard_rtp(stage, port, ip + 28, ip_len - 28);
}

static void on_resolve(void *arg, uint64_t query, const char *name)
{
	struct stage *stage = arg;
	struct xf_addr addr;
	xf_addr_parse(&addr, strcmp(name, "agent.lab") == 0 ? PARTY_AGENT : PARTY_EDGE);
	world_resolved(stage->world, query, &addr, 1, NULL);
}

static void on_reply(void *arg, uint64_t client, const char *json, size_t len)
{
	struct stage *stage = arg;
	cr_assert_lt(len, sizeof(stage->reply));
	memcpy(stage->reply, json, len);
	stage->reply[len] = 0;
	stage->rpc_replies++;
}

static void on_log(void *arg, enum log_level level, const char *line)
{
	if (getenv("WORLD_VERBOSE"))
		fprintf(stderr, "%s\n", line);
	cr_expect_null(strstr(line, "hunter2"));
	cr_expect_null(strstr(line, "event=impossible"), "%s", line);
}

void stage_create(struct stage *stage, uint64_t seed)
{
	static bool started;
	*stage = (struct stage){.digest = 14695981039346656037ull};
	if (!started)
		cr_assert_eq(world_init("test-world", 64), 0);
	started = true;
	cr_assert_eq(capture_reassembly_create(&stage->reassembly), 0);
	setenv("WORLD_PASSWORD", "hunter2", 1);
	cr_assert_eq(config_load(&stage->config, WORLD_YAML, stderr), 0);
	const struct world_config config = {
	    .config = stage->config,
	    .ops = {.arg = stage, .frame = on_frame, .resolve = on_resolve, .reply = on_reply, .log = on_log},
	    .seed = seed,
	    .start_ns = STAGE_START,
	};
	cr_assert_eq(world_create(&stage->world, &config), 0);
	parties_init(&stage->parties, say, stage);
}

void stage_destroy(struct stage *stage)
{
	world_destroy(stage->world);
	config_destroy(stage->config);
	capture_reassembly_destroy(stage->reassembly);
	for (unsigned i = 0; i < stage->sip_count; i++)
		free(stage->sip[i].text);
}

void stage_talk(struct stage *stage)
{
	for (unsigned quiet = 0; quiet < 20;) {
		world_run(stage->world, world_now(stage->world) + 5 * NS_PER_MS);
		if (stage->sip_heard == stage->sip_count) {
			quiet++;
			continue;
		}
		quiet = 0;
		while (stage->sip_heard < stage->sip_count) {
			const struct stage_sip *sip = &stage->sip[stage->sip_heard++];
			parties_hear(&stage->parties, &sip->to, sip->text, sip->len);
		}
	}
}

static void send_rtp(struct stage *stage, unsigned port, const char *from, unsigned n)
{
	uint8_t packet[172] = {0x80, n ? 0 : 0x80, (uint8_t)(n >> 8), (uint8_t)n};
	uint32_t timestamp = htonl(n * 160);
	struct xf_sockaddr source = {.port = 20000}, to = stage->config->networks[port].sip;
	xf_addr_parse(&source.addr, from);
	to.port = (uint16_t)stage->media_port[port];
	memcpy(packet + 4, &timestamp, 4);
	packet[11] = (uint8_t)(port + 1); /* SSRC */
	world_datagram(stage->world, port, &source, &to, packet, sizeof(packet));
}

void stage_media(struct stage *stage, unsigned packets)
{
	for (unsigned end = stage->said + packets, n; (n = stage->said) < end; stage->said++) {
		send_rtp(stage, 0, PARTY_CALLER, n);
		send_rtp(stage, 1, PARTY_AGENT, n);
		world_run(stage->world, world_now(stage->world) + 20 * NS_PER_MS);
	}
}
