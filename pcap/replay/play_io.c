/* What goes into the world and what comes out of it. */
#include "play.h"

#include <stdarg.h>
#include <stdlib.h>
#include "rewrite.h"

uint64_t play_since(const struct play *play, uint64_t live_ns)
{
	uint64_t first = play->rec->first_ns + play->shift_ns;
	return live_ns > first ? live_ns - first : 0;
}

void play_touch(struct play *play, uint32_t leg)
{
	if (leg == RECORDING_NONE || play->is_touched[leg])
		return;
	play->is_touched[leg] = true;
	play->touched[play->touched_count++] = leg;
}

/* text is the list's from now on. */
static void add_note(struct play *play, struct play_note **list, uint32_t *count, uint32_t *room, char *text)
{
	if (*count == *room) {
		uint32_t more = *room ? *room * 2 : 32;
		struct play_note *bigger = realloc(*list, more * sizeof(*bigger));
		if (!bigger) {
			play->failed = true;
			free(text);
			return;
		}
		*list = bigger;
		*room = more;
	}
	(*list)[(*count)++] = (struct play_note){.ns = play_since(play, world_now(play->world)), .text = text};
}

void play_note(struct play *play, const char *format, ...)
{
	char *text;
	va_list args;
	va_start(args, format);
	int n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0) {
		play->failed = true;
		return;
	}
	if (play->ladder)
		lanes_note(&play->lanes, world_now(play->world), "%s", text);
	add_note(play, &play->notes_list, &play->notes_count, &play->notes_room, text);
}

/* ---- in */

static void send_sip(struct play *play, uint32_t network, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		     const void *data, size_t len)
{
	if (from->addr.family != to->addr.family) {
		play_note(play, "a message from the other address family cannot enter");
		return;
	}
	play->sip_in++;
	play->drops_next_ns = 0;
	play->last_input_ns = world_now(play->world);
	if (play->ladder)
		lanes_sip(&play->lanes, world_now(play->world), &from->addr, false, data, len, false);
	world_datagram(play->world, play->config->networks[network].port, from, to, data, len);
}

void play_send_entry(struct play *play, const struct due *due)
{
	static char buf[65536]; /* one thread */
	struct recording *rec = play->rec;
	struct entry *entry = &rec->entries[due->entry];
	struct xf_sockaddr from, to;
	char why[REWRITE_WHY];
	long n = rewrite_input(&play->matcher, due->entry, buf, 65507, &from, &to, why);
	uint32_t network = parties_network(rec->config, &to.addr);
	play_touch(play, entry->leg);
	if (n < 0 || network == XF_NONE) {
		recording_never(rec, due->entry, "%s", n < 0 ? why : "its address is not the gateway's");
		return;
	}
	entry->state = ENTRY_DONE;
	entry->live_ns = world_now(play->world);
	recording_bye(rec, entry);
	if (entry->leg != RECORDING_NONE) {
		struct script_leg *leg = &rec->legs[entry->leg];
		struct sip_text_span id = entry->facts.call_id;
		leg->last_in_ns = entry->live_ns;
		/* the party's own Call-ID */
		if (!leg->call_id && leg->by_party &&
		    (!(leg->call_id = strndup(id.at, id.len)) ||
		     strmap_set(&rec->leg_by_live, id.at, id.len, entry->leg) < 0))
			play->failed = true;
	}
	if (entry->leg != RECORDING_NONE && rec->legs[entry->leg].call && rec->legs[entry->leg].opening == due->entry)
		play->opened = entry->leg;
	if (due->late) {
		entry->late = true;
		play->late++;
		play_note(play, "#%llu goes without what the gateway had sent before it in the capture",
			  (unsigned long long)entry->number);
	}
	if (entry->tcp)
		play->streams_in++;
	send_sip(play, network, &from, &to, buf, (size_t)n);
}

static void send_media(struct play *play, unsigned port, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		       const void *data, size_t len)
{
	uint64_t now = world_now(play->world);
	play->rtp_in++;
	if (play->judge)
		judge_received(play->judge, play_since(play, now), from, to, data, len);
	if (play->ladder)
		lanes_rtp(&play->lanes, now, &from->addr, false, data, len);
	world_datagram(play->world, port, from, to, data, len);
}

void play_send_track(void *arg, const struct track *track, const struct track_slot *slot)
{
	struct play *play = arg;
	play->last_input_ns = world_now(play->world);
	send_media(play, track->port, &track->live_from, &track->live_to, slot->bytes, slot->len);
}

void play_send_standin(void *arg, uint32_t network, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		       const void *data, size_t len, bool media)
{
	struct play *play = arg;
	const struct config_network *own = &play->config->networks[network];
	if (!media) {
		send_sip(play, network, from, to, data, len);
		return;
	}
	struct xf_sockaddr at = *to;
	if (own->advertise.family && own->media_count && xf_addr_eq(&own->advertise, &to->addr))
		at.addr = own->media[0];
	if (at.addr.family == from->addr.family)
		send_media(play, own->port, from, &at, data, len);
}

void play_standin_note(void *arg, const char *text)
{
	play_note(arg, "stand-in: %s", text);
}

/* ---- questions */

int play_route(void *arg, const struct xf_addr *to, struct seam_route *out)
{
	const struct play *play = arg;
	uint32_t network = recording_network(play->rec, to);
	for (uint32_t i = 0; i < play->parties.count && network == XF_NONE; i++)
		if (xf_addr_eq(&play->parties.named[i].shown, to))
			network = play->parties.named[i].network;
	if (network == XF_NONE || play->config->networks[network].sip.addr.family != to->family)
		return -ENOENT;
	*out = (struct seam_route){.network = network, .next_hop = *to};
	return 0;
}

void play_resolve(void *arg, uint64_t query, const char *host)
{
	struct play *play = arg;
	char addr[XF_ADDR_STRLEN];
	const struct name *name = names_find(&play->rec->names, host);
	if (!name) {
		play_note(play, "nobody in the capture tells the address of %s; --host %s=IP does", host, host);
		world_resolved(play->world, query, NULL, 0, "no such host");
		return;
	}
	if (name->source == NAME_GUESSED)
		play_note(play, "the capture does not tell the address of %s: %s, of its peer's sources, is taken",
			  host, xf_addr_format(&name->addrs[0], addr));
	world_resolved(play->world, query, name->addrs, name->count, "");
}

/* ---- out */

static void hear_news(struct play *play, const struct output *output)
{
	char label[LADDER_LABEL], *text, to[XF_SOCKADDR_STRLEN];
	ladder_label_bytes(label, output->data, output->len);
	if (asprintf(&text, "%s to %s", label, xf_sockaddr_format(&output->to, to)) < 0)
		play->failed = true;
	else
		add_note(play, &play->news, &play->news_count, &play->news_room, text);
}

static void hear_sip(struct play *play, uint32_t network, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		     const void *data, size_t len)
{
	static struct output output; /* big; one thread */
	struct match match;
	uint64_t now = world_now(play->world);
	play->sip_sent++;
	if (play->judge)
		judge_sent_sip(play->judge, play_since(play, now), from, to, data, len);
	output.ns = now;
	output.from = *from;
	output.to = *to;
	output.network = network;
	if (output_parse(&output, data, len) < 0)
		return;
	if (match_output(&play->matcher, &output, &match) < 0)
		play->failed = true;
	if (play->ladder)
		lanes_sip(&play->lanes, now, &to->addr, true, data, len, match.repeated);
	if (match.leg != RECORDING_NONE) {
		play_touch(play, match.leg);
		uint64_t lead = 0;
		if (match.entry != RECORDING_NONE) {
			const struct entry *entry = &play->rec->entries[match.entry];
			uint64_t expected = entry->ns + play->shift_ns;
			lead = expected > entry->live_ns ? expected - entry->live_ns : 0;
		}
		tracks_wake(&play->tracks, match.leg, lead);
	}
	if (match.entry == RECORDING_NONE && !match.repeated)
		hear_news(play, &output);
	standin_hear(&play->standin, &output, &match);
	sip_text_fini(&output.text);
}

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* A UDP datagram in an IP packet without fragmentation; false: something else. */
static bool read_udp(const uint8_t *ip, size_t len, struct xf_sockaddr *from, struct xf_sockaddr *to,
		     const uint8_t **data, size_t *data_len)
{
	size_t head;
	*from = *to = (struct xf_sockaddr){0};
	if (len >= 20 && ip[0] >> 4 == 4) {
		head = (size_t)(ip[0] & 15) * 4;
		if (ip[9] != 17)
			return false;
		from->addr = xf_addr_v4(ip + 12);
		to->addr = xf_addr_v4(ip + 16);
	} else if (len >= 40 && ip[0] >> 4 == 6) {
		head = 40;
		if (ip[6] != 17)
			return false;
		from->addr = xf_addr_v6(ip + 8);
		to->addr = xf_addr_v6(ip + 24);
	} else {
		return false;
	}
	if (len < head + 8 || be16(ip + head + 4) < 8 || be16(ip + head + 4) > len - head)
		return false;
	from->port = be16(ip + head);
	to->port = be16(ip + head + 2);
	*data = ip + head + 8;
	*data_len = be16(ip + head + 4) - 8u;
	return true;
}

static bool is_fragment(const uint8_t *ip, size_t len)
{
	if (len >= 20 && ip[0] >> 4 == 4)
		return (be16(ip + 6) & 0x3fff) != 0;
	return len >= 40 && ip[0] >> 4 == 6 && ip[6] == 44;
}

static uint32_t sip_network(const struct config *config, const struct xf_sockaddr *from)
{
	for (uint32_t n = 0; n < config->network_count; n++)
		if (xf_sockaddr_eq(&config->networks[n].sip, from))
			return n;
	return XF_NONE;
}

static void hear_packet(struct play *play, const uint8_t *ip, size_t len)
{
	struct xf_sockaddr from, to;
	const uint8_t *data, *whole;
	size_t data_len, whole_len;
	uint64_t now = world_now(play->world);
	if (is_fragment(ip, len)) {
		if (capture_reassembly_add(play->outputs, now, ip, len, &whole, &whole_len) == 1 &&
		    !is_fragment(whole, whole_len))
			hear_packet(play, whole, whole_len);
		return;
	}
	if (!read_udp(ip, len, &from, &to, &data, &data_len))
		return;
	uint32_t network = sip_network(play->config, &from);
	if (network != XF_NONE) {
		hear_sip(play, network, &from, &to, data, data_len);
		return;
	}
	play->rtp_out++;
	if (play->judge)
		judge_sent(play->judge, play_since(play, now), &from, &to, data, data_len);
	if (play->ladder)
		lanes_rtp(&play->lanes, now, &to.addr, true, data, data_len);
}

void play_frame(void *arg, unsigned port, const void *frame, size_t len)
{
	struct play *play = arg;
	const uint8_t *p = frame;
	size_t head = 12;
	play->frames_out++;
	if (play->writer)
		capture_writer_frame(play->writer, world_now(play->world), frame, len);
	while (len >= head + 6 && (be16(p + head) == 0x8100 || be16(p + head) == 0x88a8))
		head += 4;
	if (len < head + 2 || (be16(p + head) != 0x0800 && be16(p + head) != 0x86dd))
		return;
	hear_packet(play, p + head + 2, len - head - 2);
}
