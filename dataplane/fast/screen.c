#include "screen.h"

#include <string.h>
#include <rte_prefetch.h>
#include "loop.h"

_Static_assert(BUCKETS_PEERS == XF_PEER_ROWS && BUCKETS_ADMITTED == XF_PEER_TARGETS && BUCKETS_OPEN == XF_PEER_OPEN,
	       "one numbering of peers");
_Static_assert((int)SIP_CLASS_INVITE == BUCKETS_INVITE && (int)SIP_CLASS_REQUEST == BUCKETS_REQUEST &&
		   (int)SIP_CLASS_DIALOG == BUCKETS_DIALOG && (int)SIP_CLASS_RESPONSE == BUCKETS_RESPONSE,
	       "a message's class is its bucket");
_Static_assert(XF_DROP_SIP_RESPONSE_RATE == XF_DROP_SIP_INVITE_RATE + BUCKETS_RESPONSE,
	       "drops of the classes stand in the order of their buckets");

_Static_assert(SCREEN_BURST >= WORKER_BURST, "a burst at a time");

#define SCREEN_PASS XF_DROP_COUNT

/* What stands before the URI in From, without quotes: "a phrase" <…> or a phrase <…>. */
static struct sip_span screen_display(const uint8_t *data, struct sip_span from)
{
	const uint8_t *at = data + from.off, *end = at + from.len, *close;
	if (from.len && *at == '"') {
		for (close = at + 1; close < end && *close != '"'; close++)
			close += *close == '\\' && close + 1 < end;
		at++;
	} else {
		for (close = at; close < end && *close != '<'; close++)
			;
		if (close == end)
			return (struct sip_span){0, 0};
	}
	while (at < close && (*at == ' ' || *at == '\t'))
		at++;
	while (close > at && (close[-1] == ' ' || close[-1] == '\t' || close[-1] == '\r' || close[-1] == '\n'))
		close--;
	return (struct sip_span){(uint16_t)(at - data), (uint16_t)(close - at)};
}

static void screen_find(struct screen *s, struct screen_message *m, enum signature_place place, struct sip_span span)
{
	signatures_scan(s->rules.signatures, s->rules.scratch, place, m->data + span.off, span.len, &m->hits);
}

/* A header that stands twice must not hide the second: all but the first are looked at here and now. */
static void screen_header(struct screen *s, struct screen_message *m, enum signature_place place, struct sip_span value)
{
	if (m->spans[place].len == 0)
		m->spans[place] = value;
	else
		screen_find(s, m, place, value);
}

static void screen_headers(struct screen *s, struct screen_message *m)
{
	for (unsigned i = 0; i < s->scan.header_count; i++) {
		const struct sip_scan_header *header = &s->scan.headers[i];
		switch (header->id) {
		case SIP_HEADER_USER_AGENT:
		case SIP_HEADER_SERVER:
			screen_header(s, m, SIGNATURE_PLACE_USER_AGENT, header->value);
			break;
		case SIP_HEADER_SUBJECT:
			screen_header(s, m, SIGNATURE_PLACE_SUBJECT, header->value);
			break;
		case SIP_HEADER_CALL_ID:
			screen_header(s, m, SIGNATURE_PLACE_CALL_ID, header->value);
			break;
		case SIP_HEADER_FROM:
			screen_header(s, m, SIGNATURE_PLACE_FROM_DISPLAY, screen_display(m->data, header->value));
			break;
		}
	}
}

/* Where the signatures will look. scanned: else only the whole of it is known. */
static void screen_spans(struct screen *s, struct screen_message *m, uint16_t len, bool scanned)
{
	m->looked_at = true;
	signatures_hits_clear(&m->hits);
	memset(m->spans, 0, sizeof(m->spans));
	m->spans[SIGNATURE_PLACE_ANYWHERE] = (struct sip_span){0, len};
	if (!scanned)
		return;
	m->spans[SIGNATURE_PLACE_START_LINE] = s->scan.start_line;
	m->spans[SIGNATURE_PLACE_REQUEST_USER] = s->scan.request_user;
	m->spans[SIGNATURE_PLACE_FROM_USER] = s->scan.from_user;
	m->spans[SIGNATURE_PLACE_TO_USER] = s->scan.to_user;
	m->spans[SIGNATURE_PLACE_CONTACT_USER] = s->scan.contact_user;
	m->spans[SIGNATURE_PLACE_VIA] = sip_scan_value(&s->scan, SIP_HEADER_VIA);
	screen_headers(s, m);
}

/* Place by place: a place's databases, and what the processor has learned of them, serve the whole burst. */
static void screen_signatures(struct screen *s, unsigned n)
{
	for (unsigned place = 0; place < SIGNATURE_PLACE_COUNT; place++)
		for (unsigned i = 0; i < n; i++) {
			struct screen_message *m = &s->messages[i];
			if (m->looked_at && m->spans[place].len)
				screen_find(s, m, place, m->spans[place]);
		}
	for (unsigned i = 0; i < n; i++) {
		struct screen_message *m = &s->messages[i];
		if (!m->looked_at || m->hits.used == 0)
			continue;
		signatures_tally(s->rules.scratch, &m->hits);
		if (signatures_verdict(&m->hits).action == SIGNATURE_DROP)
			m->drop = XF_DROP_SIP_SIGNATURE;
	}
}

/* A peer that is not in the plan has no limits. */
static enum xf_drop screen_take(struct screen *s, unsigned peer, enum buckets_class class, uint64_t now_ns)
{
	if (!s->rules.buckets)
		return SCREEN_PASS;
	switch (buckets_take(s->rules.buckets, peer, class, now_ns)) {
	case BUCKETS_OVER_PACKETS:
		return XF_DROP_SIP_PACKET_RATE;
	case BUCKETS_OVER_CLASS:
		return XF_DROP_SIP_INVITE_RATE + class;
	case BUCKETS_OVER_CEILING:
		return XF_DROP_SIP_CEILING;
	case BUCKETS_PASS:
	case BUCKETS_NO_PEER:
		break;
	}
	return SCREEN_PASS;
}

/* All before the signatures. */
static enum xf_drop screen_judge(struct worker *w, const struct packet *p, struct screen_message *m, uint64_t now_ns)
{
	struct screen *s = &w->screen;
	m->data = rte_pktmbuf_mtod_offset(p->mbuf, const uint8_t *, p->payload);
	m->looked_at = false;
	enum xf_drop drop = screen_take(s, p->peer, BUCKETS_PACKET, now_ns);
	if (drop != SCREEN_PASS)
		return drop;
	enum sip_scan_verdict verdict = sip_scan(&s->scan, m->data, p->payload_len);
	counter_add(&w->stats.scanned[verdict], 1);
	if (sip_scan_is_keepalive(verdict))
		return SCREEN_PASS;
	bool refused = sip_scan_is_refused(verdict);
	if (refused && s->rules.malformed_drop)
		return XF_DROP_SIP_MALFORMED;
	drop = screen_take(s, p->peer, refused ? BUCKETS_REQUEST : (enum buckets_class)s->scan.class_id, now_ns);
	if (drop == SCREEN_PASS && s->rules.signatures)
		screen_spans(s, m, p->payload_len, !refused);
	return drop;
}

static void screen_prefetch(const struct packet *p)
{
	const uint8_t *data = rte_pktmbuf_mtod_offset(p->mbuf, const uint8_t *, p->payload);
	for (unsigned at = 0; at < p->payload_len; at += RTE_CACHE_LINE_SIZE)
		rte_prefetch0(data + at);
}

void screen_handover(struct worker *w, const struct packet *p)
{
	unsigned owner = buckets_owner(p->peer, w->workers);
	const struct rte_ring *ring = w->handover_out[owner];
	if (rte_ring_free_count(ring) > rte_ring_get_capacity(ring) / 2 + w->handover[owner].n)
		loop_handover(w, owner, p->mbuf);
	else
		loop_drop(w, p->mbuf, XF_DROP_HANDOVER_FULL);
}

static bool screen_owns(const struct worker *w, const struct packet *p)
{
	return !w->screen.rules.buckets || buckets_owner(p->peer, w->workers) == w->index;
}

void screen_stage(struct worker *w, const struct packet *packets, unsigned n, uint64_t now_ns)
{
	const struct packet *mine[SCREEN_BURST];
	struct screen *s = &w->screen;
	unsigned count = 0;
	for (unsigned i = 0; i < n; i++) {
		const struct packet *p = &packets[i];
		if (i + 1 < n)
			screen_prefetch(&packets[i + 1]);
		if (!screen_owns(w, p)) {
			screen_handover(w, p);
			continue;
		}
		s->messages[count].drop = (uint8_t)screen_judge(w, p, &s->messages[count], now_ns);
		mine[count++] = p;
	}
	if (s->rules.signatures)
		screen_signatures(s, count);
	for (unsigned i = 0; i < count; i++) {
		enum xf_drop drop = (enum xf_drop)s->messages[i].drop;
		if (drop == SCREEN_PASS) {
			loop_kernel(w, mine[i]->mbuf->port, mine[i], false);
			continue;
		}
		counter_add(&w->stats.peer_drops[mine[i]->peer][drop - XF_DROP_SCREEN_FIRST], 1);
		loop_drop(w, mine[i]->mbuf, drop);
	}
}
