/* Frames into a worker with two patched endpoints, while patches move and time passes. What comes out is whole: right
 * lengths and checksums, to the endpoint's peer, in its payload types, of its one SSRC; no two different packets have
 * one sequence number; and no packet buffer is lost. Reads behind a frame's end are found (the room behind it is
 * poisoned). Input: a list of steps, each a byte that says which and its values. */
#include "fuzz.h"

#include <sanitizer/asan_interface.h>
#include "../unit/fast/pair.h"
#include "fast/rtp.h"

#define STEPS_MAX 400
#define SENT_MAX  4096

/* Which packet of the source became which packet of a stream. */
struct origin {
	uint32_t ext; /* sequence as sent, with its cycles */
	uint64_t key; /* SSRC and sequence as received, or a number of its own */
};

struct line {
	struct xf_endpoint_id id;
	uint8_t pts[2];
	uint32_t highest;
	bool started;
	unsigned count;
	struct origin sent[SENT_MAX];
};

static struct pair pair;
static struct rig *rig;
static struct line lines[2]; /* to the caller, to the agent */
static uint64_t unique;
static uint16_t seq; /* of the latest packet that went in, and its time */
static uint32_t timestamp;
static bool judged; /* every packet's origin is known */
static struct {
	uint8_t code;
	uint16_t duration;
	uint32_t timestamp;
} key_down; /* the latest telephone-event that went in */

/* The step's packet. */
static struct {
	bool there, checksum_ok;
	const uint8_t *payload;
	size_t len;
} in;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000);
	pair_init(&pair, &caller, RIG_V6, AGENT6);
	rig = &pair.rig;
	return 0;
}

static void shut(struct xf_endpoint_id id)
{
	struct command command = {.type = COMMAND_CLOSE, .id = id};
	fuzz_check(rig_command(rig, 0, &command) == 0);
}

static void open_pair(uint8_t how)
{
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000),
				    agent = rig_settings(how & 1 ? AGENT6 : AGENT, 5000);
	agent.pts[0] = (struct xf_pt){96, XF_CODEC_PCMU};
	agent.pts[1] = (struct xf_pt){110, XF_CODEC_EVENT};
	caller.learn = how & 2 ? XF_LEARN_STRICT : XF_LEARN_ONCE;
	caller.timeout_ns = agent.timeout_ns = 1000 * RIG_MS;
	pair.caller = rig_open(rig, 0, RIG_V4, 20000, &caller, 65530, 1000);
	pair.agent = rig_open(rig, 0, how & 1 ? RIG_V6 : RIG_V4_ONLY, 20002, &agent, 65535, 0xffffffff);
	fuzz_check(rig_move(rig, pair.agent, pair.caller, 0, false) == 0);
	fuzz_check(rig_move(rig, pair.caller, pair.agent, 0, false) == 0);
	lines[0] = (struct line){.id = pair.caller, .pts = {0, 101}};
	lines[1] = (struct line){.id = pair.agent, .pts = {96, 110}};
	judged = true;
	seq = 0;
	timestamp = 0;
	memset(&key_down, 0, sizeof(key_down));
}

static void nothing_in(void)
{
	in.there = false;
	in.checksum_ok = true;
}

/* ---- what came out */

static uint64_t key_of(void)
{
	uint64_t key = 0;
	if (!in.there || in.len < 12)
		return ++unique << 48 | 1; /* of a prompt */
	for (unsigned i = 8; i < 12; i++)
		key = key << 8 | in.payload[i];
	return key << 16 | (uint64_t)in.payload[2] << 8 | in.payload[3];
}

static void in_line(struct line *line, const struct seen *s)
{
	uint32_t ext = line->started ? line->highest + (uint32_t)(int32_t)(int16_t)(s->seq - (uint16_t)line->highest)
				     : 65536u + s->seq;
	uint64_t key = key_of();
	if (!line->started || (int32_t)(ext - line->highest) > 0)
		line->highest = ext;
	line->started = true;
	if (!judged)
		return;
	for (unsigned i = 0; i < line->count; i++)
		fuzz_check(line->sent[i].ext != ext || line->sent[i].key == key,
			   "sequence %u of two packets: %llx and %llx", s->seq, (unsigned long long)line->sent[i].key,
			   (unsigned long long)key);
	if (line->count < SENT_MAX)
		line->sent[line->count++] = (struct origin){ext, key};
}

static void rtp(struct line *line, const struct seen *s)
{
	struct xf_endpoint_state state = rig_state(rig, line->id);
	const struct xf_sockaddr *to = state.locked.addr.family ? &state.locked : &state.remote;
	fuzz_check(s->payload_len >= 12 && s->payload[0] >> 6 == 2);
	fuzz_check(s->ssrc == state.ssrc_out, "SSRC %x of another stream", s->ssrc);
	fuzz_check(s->pt == line->pts[0] || s->pt == line->pts[1], "payload type %u", s->pt);
	fuzz_check(xf_sockaddr_eq(&s->dst, to) || xf_sockaddr_eq(&s->dst, &state.remote), "to somebody else");
	/* A key that was cut off is ended by us. */
	bool end = s->pt == line->pts[1] && s->payload_len == 16 && s->payload[13] & 0x80;
	if (in.there)
		fuzz_check(end || (s->payload_len == in.len &&
				   memcmp(s->payload + 12, in.payload + 12, in.len - 12) == 0 &&
				   s->payload[0] == in.payload[0]),
			   "another payload");
	in_line(line, s);
}

/* Of RTCP a report with at most one block, a name, and a BYE at most: each of the stream. */
static void report(const struct line *line, const struct seen *s)
{
	static const uint8_t types[] = {200, 202, 203};
	uint32_t ssrc = rig_state(rig, line->id).ssrc_out;
	unsigned at = 0;
	for (unsigned n = 0; at < s->payload_len; n++) {
		const uint8_t *p = s->payload + at;
		fuzz_check(n < 3 && s->payload_len - at >= 8 && p[0] >> 6 == 2 && !(p[0] & 0x20));
		fuzz_check((n == 0 ? p[1] & 0xfe : p[1]) == types[n], "packet %u of type %u", n, p[1]);
		fuzz_check((p[0] & 31) <= 1 && (n == 0 || (p[0] & 31) == 1));
		fuzz_check(((uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 | p[7]) == ssrc);
		at += 4 * ((unsigned)(p[2] << 8 | p[3]) + 1);
	}
	fuzz_check(at == s->payload_len);
}

static void came_out(void)
{
	for (unsigned i = 0; i < rig->sent_count; i++) {
		struct seen s = rig_seen(rig, i);
		bool rtcp = s.payload_len >= 2 && s.payload[1] >= 192 && s.payload[1] <= 223;
		struct line *line = s.src.port == 20000 || s.src.port == 20001 ? &lines[0] : &lines[1];
		fuzz_check(s.src.port >= 20000 && s.src.port <= 20003 && s.dst.port != 0);
		fuzz_check(s.ip_checksum_ok && s.ttl == 64);
		/* A payload broken on its way to us stays found broken; ours is right. */
		fuzz_check(s.udp_checksum_ok || (!rtcp && !in.checksum_ok), "UDP checksum");
		if (rtcp)
			report(line, &s);
		else
			rtp(line, &s);
	}
	rig_forget(rig);
}

/* ---- steps */

static void into(uint8_t *bytes, uint16_t len)
{
	struct rte_mbuf *mbuf = rig_mbuf(rig, bytes, len);
	char *behind = rte_pktmbuf_mtod_offset(mbuf, char *, len);
	size_t room = rte_pktmbuf_tailroom(mbuf);
	ASAN_POISON_MEMORY_REGION(behind, room);
	worker_receive(rig->worker[0], 0, &mbuf, 1, rig->now_ns);
	worker_flush(rig->worker[0]);
	ASAN_UNPOISON_MEMORY_REGION(behind, room);
	came_out();
}

/* Where the UDP payload of a frame lies; false: behind extension headers, in a fragment, or nowhere. */
static bool find_payload(const uint8_t *frame, size_t len)
{
	size_t at = len > 16 && frame[12] == 0x81 && frame[13] == 0 ? 18 : 14;
	if (len < at + 20)
		return false;
	size_t udp = frame[at] >> 4 == 4 ? at + (frame[at] & 15) * 4u : at + 40;
	if (frame[at] >> 4 == 6 && frame[at + 6] != IPPROTO_UDP)
		return false;
	if (udp + 8 > len)
		return false;
	in.payload = frame + udp + 8;
	in.len = (size_t)(frame[udp + 4] << 8 | frame[udp + 5]);
	if (in.len < 8 || in.len > len - udp)
		return false;
	in.len -= 8;
	return true;
}

static void frame_in(const struct frame *frame, struct fuzz_bytes *bytes, bool broken)
{
	uint8_t buf[2048];
	uint16_t len = rig_frame(buf, frame);
	if (broken)
		buf[fuzz_u16(bytes) % len] ^= (uint8_t)(fuzz_u8(bytes) | 1);
	in.there = find_payload(buf, len);
	in.checksum_ok = !broken;
	judged = judged && in.there;
	into(buf, len);
}

/* Who says it, and to whom. */
static void address(struct frame *frame, uint8_t who)
{
	static const char *const from[] = {CALLER, AGENT, AGENT6, FOREIGN};
	bool to_agent = who & 4;
	frame->src = from[who & 3];
	frame->sport = who & 8 ? 4000 : 5000;
	frame->dst = !to_agent ? "192.0.2.1" : (who & 3) == 2 ? "2001:db8::1" : "192.0.2.9";
	if ((who & 3) == 2 && !to_agent)
		frame->src = CALLER;
	frame->dport = (uint16_t)((to_agent ? 20002 : 20000) + (who >> 4 & 1));
	frame->no_checksum = who >> 5 == 7 && frame->src[0] != '2';
}

static void rtp_in(struct fuzz_bytes *bytes, bool broken)
{
	uint8_t payload[12 + 255] = {0};
	struct frame frame = {.payload = payload};
	uint8_t step = fuzz_u8(bytes);
	size_t got;
	address(&frame, fuzz_u8(bytes));
	seq = step == 0xff ? fuzz_u16(bytes) : (uint16_t)(seq + (int8_t)step);
	timestamp = step == 0xfe ? fuzz_u32(bytes) : timestamp + 160;
	payload[0] = (uint8_t)(0x80 | (fuzz_u8(bytes) & 0x3f));
	payload[1] = fuzz_u8(bytes);
	payload[2] = (uint8_t)(seq >> 8);
	payload[3] = (uint8_t)seq;
	for (unsigned i = 0; i < 4; i++)
		payload[4 + i] = (uint8_t)(timestamp >> (24 - 8 * i));
	payload[11] = fuzz_u8(bytes) & 3;
	uint8_t len = fuzz_u8(bytes);
	const uint8_t *data = fuzz_take(bytes, len & 63, &got);
	if (got)
		memcpy(payload + 12, data, got);
	frame.payload_len = (uint16_t)(12 + (len & 64 ? 160 : got));
	frame_in(&frame, bytes, broken);
}

/* A telephone-event as RFC 4733 has it: begins, goes on for a while, ends up to three times, or is a segment of one
 * that is longer than its field; by either party, in the number that it has there. */
static void event_in(struct fuzz_bytes *bytes)
{
	uint8_t what = fuzz_u8(bytes), who = fuzz_u8(bytes), payload[16] = {0x80};
	struct frame frame = {.payload = payload, .payload_len = sizeof(payload)};
	bool begins = what & 1, segment = (what & 6) == 6, ends = what & 8;
	address(&frame, who);
	if (begins) {
		key_down.code = fuzz_u8(bytes) & 31;
		key_down.timestamp = timestamp + 160;
		key_down.duration = 0;
	} else if (segment) {
		key_down.timestamp += 0xffff;
		key_down.duration = 0;
	}
	unsigned times = 1 + (what >> 4 & 3);
	for (unsigned i = 0; i < times; i++) {
		uint16_t longer = what & 128 ? 0xffff : (uint16_t)(key_down.duration + 160);
		key_down.duration = longer < key_down.duration ? 0xffff : longer;
		seq++;
		rtp_write(payload, frame.dport / 2 == 20002 / 2 ? 110 : 101, begins && i == 0, seq, key_down.timestamp,
			  fuzz_u8(bytes) & 3);
		payload[12] = key_down.code;
		payload[13] = (uint8_t)((ends ? 0x80 : 0) | 10);
		payload[14] = (uint8_t)(key_down.duration >> 8);
		payload[15] = (uint8_t)key_down.duration;
		frame_in(&frame, bytes, false);
		rig->now_ns += what & 64 ? 20 * RIG_MS : 0;
	}
	timestamp = key_down.timestamp + key_down.duration;
}

static void datagram_in(struct fuzz_bytes *bytes)
{
	struct frame frame = {0};
	size_t got;
	address(&frame, fuzz_u8(bytes));
	frame.payload = fuzz_take(bytes, fuzz_u8(bytes), &got);
	frame.payload_len = (uint16_t)got;
	frame_in(&frame, bytes, false);
}

/* A compound packet that is well formed, but for what the input spoils: reports with the SSRCs that are about, numbers
 * near those that were sent, all other kinds behind them. */
static void rtcp_in(struct fuzz_bytes *bytes)
{
	uint8_t payload[512] = {0};
	struct frame frame = {.payload = payload};
	unsigned at = 0, spoilt;
	address(&frame, fuzz_u8(bytes) | 16);
	for (unsigned n = 1 + (fuzz_u8(bytes) & 3); n > 0 && at < 300; n--) {
		uint8_t kind = fuzz_u8(bytes), blocks = kind >> 5 & 3;
		uint8_t *p = payload + at;
		unsigned words = (kind & 7) == 0 ? 7 : (kind & 7) == 1 ? 2 : 4;
		p[1] = (uint8_t)(200 + (kind & 7));
		p[7] = fuzz_u8(bytes) & 3;
		if ((kind & 7) < 2)
			for (unsigned i = 0; i < blocks; i++, words += 6) {
				const struct line *line = &lines[fuzz_u8(bytes) & 1];
				uint32_t about = rig_state(rig, line->id).ssrc_out;
				uint32_t number = line->highest + (uint32_t)(int32_t)(int8_t)fuzz_u8(bytes);
				for (unsigned k = 0; k < 4; k++) {
					p[4 * words + k] = (uint8_t)(about >> (24 - 8 * k));
					p[4 * words + 8 + k] = (uint8_t)(number >> (24 - 8 * k));
				}
				p[4 * words + 4] = fuzz_u8(bytes);
				p[4 * words + 5] = fuzz_u8(bytes);
				p[4 * words + 7] = fuzz_u8(bytes);
				p[4 * words + 16] = fuzz_u8(bytes);
				p[4 * words + 20] = fuzz_u8(bytes);
			}
		else
			blocks = 1;
		p[0] = (uint8_t)(0x80 | blocks);
		p[3] = (uint8_t)(words - 1);
		at += 4 * words;
	}
	spoilt = fuzz_u8(bytes);
	if (spoilt < 64)
		payload[fuzz_u16(bytes) % at] ^= (uint8_t)(spoilt | 1);
	frame.payload_len = (uint16_t)(spoilt < 128 ? at : at - spoilt % 8);
	frame_in(&frame, bytes, false);
}

/* Options, extension headers and fragments before a payload. */
static void odd_frame_in(struct fuzz_bytes *bytes)
{
	struct frame frame = {.vlan = fuzz_u8(bytes) & 1};
	size_t got;
	address(&frame, fuzz_u8(bytes));
	bool v6 = strchr(frame.src, ':');
	frame.frag = fuzz_u16(bytes);
	frame.frag_header = v6 && (frame.frag & 1);
	frame.options = fuzz_take(bytes, v6 ? 8 : 4 * (fuzz_u8(bytes) & 7), &got);
	frame.options_len = (uint8_t)(got & ~3u);
	frame.options_first = v6 ? fuzz_u8(bytes) : 0;
	frame.payload = fuzz_take(bytes, fuzz_u8(bytes), &got);
	frame.payload_len = (uint16_t)got;
	frame_in(&frame, bytes, false);
}

static void raw_frame_in(struct fuzz_bytes *bytes)
{
	uint8_t buf[2048];
	size_t got;
	const uint8_t *data = fuzz_take(bytes, fuzz_u16(bytes) % 1600, &got);
	if (got == 0)
		return;
	memcpy(buf, data, got);
	in.there = find_payload(buf, got);
	in.checksum_ok = false;
	judged = judged && in.there;
	into(buf, (uint16_t)got);
}

static void time_passes(uint8_t turns)
{
	nothing_in();
	for (unsigned i = 0; i <= (turns & 63u); i++) {
		rig->now_ns += turns & 64 ? 200 * RIG_MS : 20 * RIG_MS;
		rig_turns(rig);
		came_out();
	}
}

static void move(uint8_t what, uint8_t limit)
{
	struct xf_endpoint_id to = what & 1 ? pair.agent : pair.caller, from = what & 1 ? pair.caller : pair.agent;
	if (what & 2)
		from = (struct xf_endpoint_id){.index = XF_ENDPOINT_NONE};
	else if (what & 4)
		from = (struct xf_endpoint_id){.index = XF_ENDPOINT_PROMPT, .generation = what >> 5};
	else if (what & 8)
		from = to;
	/* On hold, whatever the limit says then. */
	bool held = (what & 38) == 32;
	struct command command = {.type = COMMAND_PATCH,
				  .patch = {.count = 1,
					    .moves = {{.to = to,
						       .from = from,
						       .armed_limit_ns = held ? 0 : limit * 10 * RIG_MS,
						       .while_silent = held ? limit % (RIG_PROMPT_END + 1) : 0,
						       .paused = (what & 16) != 0}}}};
	nothing_in();
	rig_command(rig, 0, &command);
	came_out();
}

static void relearn(uint8_t what)
{
	struct command command = {.type = COMMAND_UPDATE,
				  .id = what & 1 ? pair.agent : pair.caller,
				  .settings = rig_settings(what & 2 ? FOREIGN : CALLER, what & 4 ? 4000 : 5000),
				  .egress = {.resolved = !(what & 8)}};
	if (what & 1) {
		command.settings.pts[0].pt = 96;
		command.settings.pts[1].pt = 110;
	}
	command.settings.relearn = what >> 4 & 1;
	command.settings.timeout_ns = 1000 * RIG_MS;
	memcpy(command.egress.dst_mac, rig_next_hop, 6);
	memcpy(command.egress.src_mac, rig_mac, 6);
	nothing_in();
	rig_command(rig, 0, &command); /* another family than the local address is refused */
	came_out();
}

static void step(struct fuzz_bytes *bytes)
{
	uint8_t what = fuzz_u8(bytes);
	switch (what % 16) {
	case 7:
		return event_in(bytes);
	case 8:
		return rtcp_in(bytes);
	case 9:
		return datagram_in(bytes);
	case 10:
		return rtp_in(bytes, true);
	case 11:
		return odd_frame_in(bytes);
	case 12:
		return raw_frame_in(bytes);
	case 13:
		return time_passes(fuzz_u8(bytes));
	case 14:
		what = fuzz_u8(bytes);
		return move(what, fuzz_u8(bytes));
	case 15:
		return relearn(fuzz_u8(bytes));
	default:
		return rtp_in(bytes, false);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_bytes bytes = {data, len};
	shut(pair.caller);
	shut(pair.agent);
	rig_forget(rig); /* their BYEs */
	open_pair(fuzz_u8(&bytes));
	for (unsigned i = 0; i < STEPS_MAX && bytes.left; i++)
		step(&bytes);
	move(2, 0);
	move(3, 0);
	rig_forget(rig);
	fuzz_check(rte_mempool_in_use_count(rig->pool) == 0, "%u packets leaked", rte_mempool_in_use_count(rig->pool));
	return 0;
}
