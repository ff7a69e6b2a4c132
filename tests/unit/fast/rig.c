#include <sched.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mempool.h>
#include "rig.h"
#include "sound/tone.h"

#define RIG_MAC                                                                                                        \
	{                                                                                                              \
		2, 0, 0, 0, 0, 1                                                                                       \
	}

const uint8_t rig_mac[6] = RIG_MAC;
struct worker_port rig_ports[RIG_PORTS] = {{.mac = RIG_MAC, .mtu = 1500}, {.mac = RIG_MAC, .mtu = 1500}};
const uint8_t rig_next_hop[6] = {2, 0, 0, 0, 0, 0xfe};

static void rig_eal(void)
{
	char lcores[64] = "0@(";
	cpu_set_t set;
	int cpu = 0;
	cr_assert_eq(sched_getaffinity(0, sizeof(set), &set), 0);
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	snprintf(lcores + 3, sizeof(lcores) - 3, "%d)", cpu);
	char *argv[] = {"test", "--no-huge", "--no-shconf", "--no-pci",	   "--no-telemetry", "-m",
			"128",	"--lcores",  lcores,	    "--log-level", "*:error",	     NULL};
	cr_assert_geq(rte_eal_init(11, argv), 0, "rte_eal_init: %s", rte_strerror(rte_errno));
}

static void rig_transmit(void *arg, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	struct rig *rig = arg;
	cr_assert_eq(port, 0);
	for (uint16_t i = 0; i < n; i++) {
		cr_assert_lt(rig->sent_count, RIG_SENT);
		rig->sent[rig->sent_count++] = pkts[i];
		uint8_t type = rig_last(rig).payload[1];
		if (rig->rtp_only && type >= 192 && type <= 223) {
			rte_pktmbuf_free(rig->sent[--rig->sent_count]);
			rig->rtcp_count++;
		}
	}
}

static void rig_to_kernel(void *arg, uint16_t port, struct rte_mbuf **pkts, uint16_t n, bool urgent)
{
	struct rig *rig = arg;
	if (urgent)
		rig->urgent_count += n;
	else
		rig->kernel_count += n;
	for (uint16_t i = 0; i < n; i++) {
		rig->to_kernel_len = (uint16_t)RTE_MIN(pkts[i]->pkt_len, sizeof(rig->to_kernel));
		memcpy(rig->to_kernel, rte_pktmbuf_mtod(pkts[i], void *), rig->to_kernel_len);
		rte_pktmbuf_free(pkts[i]);
	}
}

static bool rig_event(void *arg, const struct xf_link_event *event)
{
	struct rig *rig = arg;
	rig->events_tried++;
	if (rig->events_refused)
		return false;
	cr_assert_lt(rig->event_count, RIG_EVENTS);
	rig->events[rig->event_count++] = *event;
	return true;
}

static bool rig_captured(void *arg, struct rte_mbuf *pkt)
{
	struct rig *rig = arg;
	if (rig->copies_refused)
		return false;
	cr_assert_lt(rig->copy_count, RIG_EVENTS);
	cr_assert_eq(pkt->nb_segs, 1);
	cr_assert_leq(pkt->data_len, sizeof(rig->copies[0]));
	memcpy(&rig->copies[rig->copy_count], rte_pktmbuf_mtod(pkt, void *), pkt->data_len);
	cr_assert_eq(pkt->data_len, offsetof(struct xf_link_captured, bytes) + rig->copies[rig->copy_count++].len);
	rte_pktmbuf_free(pkt);
	return true;
}

struct xf_addr rig_addr(const char *text)
{
	struct xf_addr addr;
	cr_assert_eq(xf_addr_parse(&addr, text), 0, "%s", text);
	return addr;
}

struct xf_sockaddr rig_sockaddr(const char *text, uint16_t port)
{
	return (struct xf_sockaddr){.addr = rig_addr(text), .port = port};
}

static void rig_tables(struct rig *rig)
{
	struct flow_config config = {
	    .media = {rig_addr("192.0.2.1"), rig_addr("2001:db8::1"), rig_addr("192.0.2.9"), rig_addr("2001:db8::9")},
	    .media_count = RIG_MEDIA_COUNT,
	    .sip = {rig_sockaddr("192.0.2.1", 5060), rig_sockaddr("2001:db8::1", 5060),
		    rig_sockaddr("192.0.2.5", 5060)},
	    .sip_count = 3,
	};
	struct xf_source sources[2] = {{.peer = 1, .role = XF_ROLE_PROVIDER}, {.peer = 2, .role = XF_ROLE_AGENT}};
	cr_assert_eq(xf_prefix_parse(&sources[0].block, "198.51.100.0/24"), 0);
	cr_assert_eq(xf_prefix_parse(&sources[1].block, "2001:db8:5::/48"), 0);
	struct xf_addr guest = rig_addr("203.0.113.99");
	cr_assert_eq(flow_table_create(&rig->flows, &config, SOCKET_ID_ANY), 0);
	cr_assert_eq(source_table_create(&rig->sources, sources, 2), 0);
	cr_assert_eq(admitted_create(&rig->admitted, "admitted", NULL, SOCKET_ID_ANY), 0);
	cr_assert_eq(admitted_add(rig->admitted, &guest), 0);
}

static struct prompt *rig_prompt(uint32_t number, const char *name, struct pcm *pcm, uint32_t times)
{
	struct prompt *prompt = calloc(1, sizeof(*prompt));
	struct sound *sound;
	cr_assert_eq(sound_encode(&sound, name, pcm, times), 0);
	cr_assert_not_null(prompt);
	free(pcm->samples);
	*prompt = (struct prompt){.number = number, .sound = sound};
	return prompt;
}

struct prompt_set *rig_prompts_create(void)
{
	static const char *const tones[] = {
	    [RIG_US] = "ringback-us", [RIG_EU] = "ringback-eu", [RIG_GB] = "ringback-gb"};
	struct prompt_set *set = calloc(1, sizeof(*set));
	struct pcm pcm;
	cr_assert_not_null(set);
	for (size_t i = 0; xf_tone(i); i++)
		for (uint32_t number = RIG_US; number <= RIG_GB; number++)
			if (strcmp(xf_tone(i)->name, tones[number]) == 0) {
				cr_assert_eq(tone_make(&pcm, xf_tone(i)), 0);
				set->prompts[number] = rig_prompt(number, tones[number], &pcm, 0);
			}
	cr_assert_eq(tone_noise(&pcm), 0);
	pcm.count = 5 * 160;
	set->prompts[RIG_TWICE] = rig_prompt(RIG_TWICE, "twice", &pcm, 2);
	cr_assert_eq(tone_silence(&pcm), 0);
	set->prompts[RIG_SILENCE] = rig_prompt(RIG_SILENCE, XF_PROMPT_SILENCE, &pcm, 0);
	return set;
}

void rig_prompts_destroy(struct prompt_set *set)
{
	for (uint32_t i = 0; i < XF_PROMPT_NUMBERS; i++)
		if (set->prompts[i]) {
			sound_destroy((struct sound *)set->prompts[i]->sound);
			free(set->prompts[i]);
		}
	free(set);
}

void rig_init(struct rig *rig, unsigned workers)
{
	rig_init_screened(rig, workers, NULL);
}

uint64_t (*rig_cycles)(void);

void rig_init_screened(struct rig *rig, unsigned workers, const struct screen_rules *screen)
{
	memset(rig, 0, sizeof(*rig));
	rig_eal();
	rig_tables(rig);
	rig->workers = workers;
	rig->now_ns = 1000 * RIG_MS;
	rig->pool = rte_pktmbuf_pool_create("rig", 2047, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	cr_assert_not_null(rig->pool);
	rig->fragments_pool =
	    rte_pktmbuf_pool_create("rig_fragments", 2 * FRAGMENTS_BUFFERS, 0, 0, FRAGMENTS_BUFFER, SOCKET_ID_ANY);
	cr_assert_not_null(rig->fragments_pool);
	rig->prompts = rig_prompts_create();
	struct rte_ring *rings[2] = {0};
	for (unsigned i = 0; workers == 2 && i < 2; i++) {
		rings[i] = rte_ring_create(i ? "to1" : "to0", 64, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
		cr_assert_not_null(rings[i]);
	}
	for (unsigned i = 0; i < workers; i++) {
		struct worker_config config = {
		    .index = i,
		    .workers = workers,
		    .socket = SOCKET_ID_ANY,
		    .flows = rig->flows,
		    .sources = rig->sources,
		    .admitted = rig->admitted,
		    .prompts = rig->prompts,
		    .pool = rig->pool,
		    .fragments_pool = rig->fragments_pool,
		    .wall_offset_ns = RIG_WALL_S * 1000 * RIG_MS,
		    .port_count = RIG_PORTS,
		    .ops = {rig, rig_transmit, rig_to_kernel, rig_event, rig_captured},
		    .cycles = rig_cycles,
		};
		memcpy(config.ports, rig_ports, sizeof(rig_ports));
		if (screen)
			config.screen = screen[i];
		config.handover_in[!i] = rings[i];
		config.handover_out[!i] = rings[!i];
		cr_assert_eq(worker_create(&rig->worker[i], &config), 0);
	}
}

/* Every packet buffer must be back: a leak in any path of any test is seen here. */
void rig_fini(struct rig *rig)
{
	rig_forget(rig);
	cr_assert_eq(rte_mempool_in_use_count(rig->pool), 0, "%u packets leaked", rte_mempool_in_use_count(rig->pool));
	for (unsigned i = 0; i < rig->workers; i++)
		worker_destroy(rig->worker[i]);
	cr_assert_eq(rte_mempool_in_use_count(rig->fragments_pool), 0, "%u datagrams leaked",
		     rte_mempool_in_use_count(rig->fragments_pool));
	rig_prompts_destroy(rig->prompts);
	flow_table_destroy(rig->flows);
	source_table_destroy(rig->sources);
	admitted_destroy(rig->admitted);
}

static uint32_t sum16(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static uint16_t fold16(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint8_t *put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static uint16_t frame_l4(uint8_t *to, const struct frame *f, const struct xf_addr *src, const struct xf_addr *dst)
{
	uint16_t len = f->payload_len;
	if (f->raw) {
		memcpy(to, f->payload, len);
		return len;
	}
	memset(to, 0, 20);
	put16(to, f->sport);
	put16(to + 2, f->dport);
	if (f->proto == IPPROTO_TCP) {
		to[12] = 5 << 4;
		if (len)
			memcpy(to + 20, f->payload, len);
		return (uint16_t)(20 + len);
	}
	put16(to + 4, (uint16_t)(8 + len));
	if (len)
		memcpy(to + 8, f->payload, len);
	if (!f->no_checksum) {
		uint32_t sum = sum16(src->bytes, 16, sum16(dst->bytes, 16, IPPROTO_UDP + 8u + len));
		uint16_t checksum = (uint16_t)~fold16(sum16(to, 8u + len, sum));
		put16(to + 6, checksum ? checksum : 0xffff);
	}
	return (uint16_t)(8 + len);
}

static uint16_t frame_ipv4(uint8_t *ip, const struct frame *f, const struct xf_addr *src, const struct xf_addr *dst)
{
	uint16_t header = (uint16_t)(20 + f->options_len), total;
	memset(ip, 0, header);
	if (f->options_len)
		memcpy(ip + 20, f->options, f->options_len);
	total = (uint16_t)(header + frame_l4(ip + header, f, src, dst));
	ip[0] = (uint8_t)(4 << 4 | header / 4);
	put16(ip + 2, total);
	put16(ip + 4, f->ip_id);
	put16(ip + 6, f->frag);
	ip[8] = 57;
	ip[9] = f->proto ? f->proto : IPPROTO_UDP;
	memcpy(ip + 12, src->bytes, 4);
	memcpy(ip + 16, dst->bytes, 4);
	put16(ip + 10, (uint16_t)~fold16(sum16(ip, header, 0)));
	return total;
}

static uint16_t frame_ipv6(uint8_t *ip, const struct frame *f, const struct xf_addr *src, const struct xf_addr *dst)
{
	uint8_t *at = ip + 40, proto = f->proto ? f->proto : IPPROTO_UDP;
	bool fragment = f->frag || f->frag_header;
	memset(ip, 0, 40);
	ip[0] = 6 << 4;
	ip[6] = f->options_len ? f->options_first : fragment ? IPPROTO_FRAGMENT : proto;
	ip[7] = 57;
	memcpy(ip + 8, src->bytes, 16);
	memcpy(ip + 24, dst->bytes, 16);
	if (f->options_len) {
		memcpy(at, f->options, f->options_len);
		at += f->options_len;
	}
	if (fragment) {
		uint8_t header[8] = {proto, 0, 0, 0, 0, 0, (uint8_t)(f->ip_id >> 8), (uint8_t)f->ip_id};
		put16(header + 2, f->frag);
		memcpy(at, header, 8);
		at += 8;
	}
	at += frame_l4(at, f, src, dst);
	put16(ip + 4, (uint16_t)(at - ip - 40));
	return (uint16_t)(at - ip);
}

uint16_t rig_frame(uint8_t *buf, const struct frame *f)
{
	struct xf_addr src = rig_addr(f->src), dst = rig_addr(f->dst);
	uint8_t *at = buf;
	memcpy(at, f->dst_mac ? f->dst_mac : rig_mac, 6);
	memcpy(at + 6, rig_next_hop, 6);
	at += 12;
	if (f->vlan)
		at = put16(put16(at, 0x8100), f->vlan);
	at = put16(at, src.family == 4 ? 0x0800 : 0x86dd);
	at += src.family == 4 ? frame_ipv4(at, f, &src, &dst) : frame_ipv6(at, f, &src, &dst);
	/* Ethernet's padding: what lies behind IP's end must not be taken for payload. */
	while (at - buf < 60)
		*at++ = 0xee;
	return (uint16_t)(at - buf);
}

struct rte_mbuf *rig_mbuf(struct rig *rig, const uint8_t *bytes, uint16_t len)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(rig->pool);
	cr_assert_not_null(mbuf);
	memcpy(rte_pktmbuf_append(mbuf, len), bytes, len);
	return mbuf;
}

void rig_receive(struct rig *rig, const struct frame *frame)
{
	uint8_t buf[2048];
	struct rte_mbuf *mbuf = rig_mbuf(rig, buf, rig_frame(buf, frame));
	mbuf->port = frame->port;
	worker_receive(rig->worker[0], frame->port, &mbuf, 1, rig->now_ns);
	worker_flush(rig->worker[0]);
}

void rig_rtp(struct rig *rig, const char *src, uint16_t sport, const char *dst, uint16_t dport, uint8_t pt,
	     uint16_t seq, uint32_t timestamp, uint32_t ssrc, uint8_t fill)
{
	uint8_t rtp[172] = {0x80, pt};
	put16(rtp + 2, seq);
	put16(put16(rtp + 4, (uint16_t)(timestamp >> 16)), (uint16_t)timestamp);
	put16(put16(rtp + 8, (uint16_t)(ssrc >> 16)), (uint16_t)ssrc);
	memset(rtp + 12, fill, 160);
	rig_receive(
	    rig,
	    &(struct frame){
		.src = src, .sport = sport, .dst = dst, .dport = dport, .payload = rtp, .payload_len = sizeof(rtp)});
}

int rig_command(struct rig *rig, unsigned worker, struct command *command)
{
	void *done = NULL;
	cr_assert_eq(rte_ring_enqueue(worker_command_ring(rig->worker[worker]), command), 0);
	worker_turn(rig->worker[worker], rig->now_ns);
	worker_flush(rig->worker[worker]);
	cr_assert_eq(rte_ring_dequeue(worker_done_ring(rig->worker[worker]), &done), 0);
	cr_assert_eq(done, command);
	cr_assert_eq(command->now_ns, rig->now_ns);
	return command->result;
}

struct xf_endpoint_settings rig_settings(const char *remote, uint16_t port)
{
	return (struct xf_endpoint_settings){
	    .remote = rig_sockaddr(remote, port),
	    .pt_count = 2,
	    .pts = {{0, XF_CODEC_PCMU}, {101, XF_CODEC_EVENT}},
	    .dscp = 46,
	    .learn_window_ns = 3000 * RIG_MS,
	};
}

void rig_prepare(struct rig *rig, struct command *command, const struct endpoint_config *config)
{
	const struct xf_addr *local = &rig->flows->media[xf_endpoint_local_addr(config->id.index)];
	cr_assert_eq(endpoint_check(&config->settings, local, WORKER_MAX_PORTS), 0);
	cr_assert_eq(flow_provide(rig->flows, config->id.index), 0);
	command->id = config->id;
	command->open = config;
}

struct xf_endpoint_id rig_open(struct rig *rig, unsigned worker, unsigned local, uint16_t port,
			       const struct xf_endpoint_settings *settings, uint16_t seed_seq, uint32_t seed_timestamp)
{
	struct endpoint_config config = {
	    .id = {xf_endpoint_index(local, port), ++rig->generation},
	    .owner = (uint8_t)worker,
	    .settings = *settings,
	    .egress = {.resolved = true},
	    .seed = {.ssrc = 0xa0000000u + rig->generation, .seq = seed_seq, .timestamp = seed_timestamp},
	};
	memcpy(config.egress.dst_mac, rig_next_hop, 6);
	memcpy(config.egress.src_mac, rig_mac, 6);
	struct command command = {.type = COMMAND_OPEN};
	rig_prepare(rig, &command, &config);
	cr_assert_eq(rig_command(rig, worker, &command), 0);
	return config.id;
}

int rig_move(struct rig *rig, struct xf_endpoint_id to, struct xf_endpoint_id from, uint64_t armed_limit_ns,
	     bool paused)
{
	struct command command = {
	    .type = COMMAND_PATCH,
	    .patch = {.count = 1,
		      .moves = {{.to = to, .from = from, .armed_limit_ns = armed_limit_ns, .paused = paused}}}};
	return rig_command(rig, 0, &command);
}

void rig_turns(struct rig *rig)
{
	for (unsigned i = 0; i < rig->workers; i++) {
		worker_turn(rig->worker[i], rig->now_ns);
		worker_flush(rig->worker[i]);
	}
}

uint64_t rig_drops(const struct rig *rig, enum xf_drop drop)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < rig->workers; i++)
		sum += worker_stats(rig->worker[i])->drops[drop];
	return sum;
}

uint64_t rig_all_drops(const struct rig *rig)
{
	uint64_t sum = 0;
	for (unsigned drop = 0; drop < XF_DROP_COUNT; drop++)
		sum += rig_drops(rig, drop);
	return sum;
}

unsigned rig_events(const struct rig *rig, enum xf_link_event_type type)
{
	unsigned n = 0;
	for (unsigned i = 0; i < rig->event_count; i++)
		n += rig->events[i].event == type;
	return n;
}

struct xf_endpoint_state rig_state(const struct rig *rig, struct xf_endpoint_id id)
{
	struct xf_endpoint_state state;
	cr_assert(endpoint_state(rig->flows, id.index, &state));
	cr_assert_eq(state.id.generation, id.generation);
	return state;
}

static void seen_ip(struct seen *s, const uint8_t *ip, size_t room)
{
	bool v4 = ip[0] >> 4 == 4;
	const uint8_t *udp = ip + (v4 ? 20 : 40);
	uint16_t udp_len = get16(udp + 4);
	s->family = v4 ? 4 : 6;
	s->src.addr = v4 ? xf_addr_v4(ip + 12) : xf_addr_v6(ip + 8);
	s->dst.addr = v4 ? xf_addr_v4(ip + 16) : xf_addr_v6(ip + 24);
	s->ttl = v4 ? ip[8] : ip[7];
	s->tos = v4 ? ip[1] : (uint8_t)(get16(ip) >> 4);
	s->src.port = get16(udp);
	s->dst.port = get16(udp + 2);
	s->ip_checksum_ok = v4 ? fold16(sum16(ip, 20, 0)) == 0xffff : true;
	cr_assert_eq(room, (size_t)(udp - ip) + udp_len, "frame of %zu bytes for UDP of %u", room, udp_len);
	cr_assert_eq(v4 ? get16(ip + 2) : get16(ip + 4) + 40u, room);
	cr_assert_eq(v4 ? ip[9] : ip[6], IPPROTO_UDP);
	uint32_t sum = sum16(s->src.addr.bytes, 16, sum16(s->dst.addr.bytes, 16, IPPROTO_UDP + (uint32_t)udp_len));
	s->udp_checksum_ok = get16(udp + 6) != 0 && fold16(sum16(udp, udp_len, sum)) == 0xffff;
	s->payload = udp + 8;
	s->payload_len = (uint16_t)(udp_len - 8);
	s->marker = s->payload[1] >> 7;
	s->pt = s->payload[1] & 0x7f;
	s->seq = get16(s->payload + 2);
	s->timestamp = get32(s->payload + 4);
	s->ssrc = get32(s->payload + 8);
}

struct seen rig_seen(const struct rig *rig, unsigned i)
{
	struct seen s = {0};
	cr_assert_lt(i, rig->sent_count, "only %u frames sent", rig->sent_count);
	s.eth = rte_pktmbuf_mtod(rig->sent[i], const uint8_t *);
	unsigned l3 = get16(s.eth + 12) == 0x8100 ? 18 : 14;
	seen_ip(&s, s.eth + l3, rte_pktmbuf_data_len(rig->sent[i]) - l3);
	cr_assert_eq(get16(s.eth + l3 - 2), s.family == 4 ? 0x0800 : 0x86dd);
	return s;
}

struct seen rig_last(const struct rig *rig)
{
	cr_assert_gt(rig->sent_count, 0u, "nothing sent");
	return rig_seen(rig, rig->sent_count - 1);
}

void rig_forget(struct rig *rig)
{
	for (unsigned i = 0; i < rig->sent_count; i++)
		rte_pktmbuf_free(rig->sent[i]);
	rig->sent_count = rig->kernel_count = rig->urgent_count = rig->event_count = 0;
}
