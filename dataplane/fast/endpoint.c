#include "endpoint.h"
#include "header.h"
#include "prompt.h"

#define VIEW_WORDS (sizeof(struct endpoint_view) / sizeof(uint32_t))
static_assert(sizeof(struct endpoint_view) % sizeof(uint32_t) == 0, "copied by whole words");

/* While a copy is being changed the reader tries again; the writer needs some tens of nanoseconds. */
#define VIEW_TRIES 1000

static struct xf_endpoint_id endpoint_source(const struct endpoint *e)
{
	if (e->prompt)
		return xf_prompt_id((enum xf_prompt)e->prompt->number);
	return e->source ? e->source->id : (struct xf_endpoint_id){XF_ENDPOINT_NONE, 0};
}

void endpoint_publish(struct endpoint *e)
{
	struct endpoint_view view = {
	    .source = endpoint_source(e),
	    .armed = e->armed ? e->armed->id : (struct xf_endpoint_id){XF_ENDPOINT_NONE, 0},
	    .remote = e->remote,
	    .locked = e->locked,
	    .neighbour_resolved = e->egress.resolved,
	    .paused = e->paused,
	};
	uint32_t words[VIEW_WORDS], *to = (uint32_t *)&e->view;
	memcpy(words, &view, sizeof(view));
	__atomic_store_n(&e->view_version, e->view_version + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	for (unsigned i = 0; i < VIEW_WORDS; i++)
		__atomic_store_n(&to[i], words[i], __ATOMIC_RELAXED);
	__atomic_store_n(&e->view_version, e->view_version + 1, __ATOMIC_RELEASE);
}

static void endpoint_view_read(const struct endpoint *e, struct endpoint_view *view)
{
	const uint32_t *from = (const uint32_t *)&e->view;
	uint32_t words[VIEW_WORDS];
	for (unsigned tries = 0; tries < VIEW_TRIES; tries++) {
		uint32_t version = __atomic_load_n(&e->view_version, __ATOMIC_ACQUIRE);
		for (unsigned i = 0; i < VIEW_WORDS; i++)
			words[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(version & 1) && __atomic_load_n(&e->view_version, __ATOMIC_RELAXED) == version)
			break;
	}
	memcpy(view, words, sizeof(*view));
}

/* What its sequences say that was sent. A new SSRC may be taken up while this is read; the next reading is right. */
static uint64_t endpoint_expected(const struct endpoint *e)
{
	uint64_t before = counter_get(&e->expected_before);
	uint32_t span = counter32_get(&e->seq_ext) - counter32_get(&e->seq_first);
	return counter32_get(&e->rx_packets) ? before + span + 1 : 0;
}

static uint32_t endpoint_jitter_us(const struct endpoint *e)
{
	uint8_t rate_khz = __atomic_load_n(&e->timed, __ATOMIC_RELAXED);
	return rate_khz ? (uint32_t)(counter32_get(&e->jitter) * 1000ull / (16u * rate_khz)) : 0;
}

void endpoint_state(const struct endpoint *e, struct xf_endpoint_state *state)
{
	struct endpoint_view view;
	endpoint_view_read(e, &view);
	*state = (struct xf_endpoint_state){
	    .id = e->id,
	    .source = view.source,
	    .armed = view.armed,
	    .local = e->local,
	    .remote = view.remote,
	    .locked = view.locked,
	    .neighbour_resolved = (uint8_t)view.neighbour_resolved,
	    .paused = (uint8_t)view.paused,
	    .worker = e->owner,
	    .ssrc_out = e->stream.ssrc,
	    .ssrc_in = __atomic_load_n(&e->ssrc_in, __ATOMIC_RELAXED),
	    .rx_packets = counter32_get(&e->rx_packets),
	    .rx_bytes = counter_get(&e->rx_bytes),
	    .rx_wrong_source = counter_get(&e->rx_wrong_source),
	    .rx_dropped = counter_get(&e->rx_dropped),
	    .rx_rtcp = counter_get(&e->rx_rtcp),
	    .tx_rtcp = counter_get(&e->tx_rtcp),
	    .tx_packets = counter32_get(&e->stream.packets) - counter32_get(&e->tx_failed),
	    .tx_bytes = counter_get(&e->tx_bytes),
	    .last_rx_ns = counter_get(&e->last_rx_ns),
	    .opened_ns = counter_get(&e->opened_ns),
	    .gap_longest_ns = counter32_get(&e->gap_longest_us) * 1000ull,
	    .rx_expected = endpoint_expected(e),
	    .rx_reordered = counter32_get(&e->rx_reordered),
	    .rx_duplicate = counter32_get(&e->rx_duplicate),
	    .jitter_us = endpoint_jitter_us(e),
	};
}

static bool endpoint_family_ok(const struct xf_addr *addr, uint8_t family)
{
	return addr->family == 0 || addr->family == family;
}

int endpoint_check(const struct xf_endpoint_settings *s, const struct xf_addr *local, unsigned port_count)
{
	uint8_t family = local->family;
	if (!endpoint_family_ok(&s->remote.addr, family) || !endpoint_family_ok(&s->remote_rtcp.addr, family))
		return -EINVAL;
	if ((s->remote.addr.family && s->remote.port == 0) || (s->remote_rtcp.addr.family && s->remote_rtcp.port == 0))
		return -EINVAL;
	if (s->port >= port_count || s->learn > XF_LEARN_STRICT || s->dscp > 63 || s->pt_count > XF_ENDPOINT_PTS)
		return -EINVAL;
	for (unsigned i = 0; i < s->pt_count; i++)
		if (s->pts[i].pt > 127 || s->pts[i].codec >= XF_CODEC_COUNT)
			return -EINVAL;
	return 0;
}

/* Where RTP goes: the locked source, else what the SDP says. */
static const struct xf_sockaddr *endpoint_remote(const struct endpoint *e)
{
	return e->locked.addr.family ? &e->locked : &e->remote;
}

static void endpoint_rebuild(struct endpoint *e)
{
	const struct xf_sockaddr *remote = endpoint_remote(e);
	e->family = remote->addr.family;
	e->port = e->egress.port;
	e->resolved = e->egress.resolved && e->family != 0;
	if (e->family)
		header_build(&e->header, &e->egress, e->dscp, &e->local, remote);
	e->locked_key = e->locked.addr.family ? endpoint_key(&e->locked) : 0;
	e->locked_sum = e->locked.addr.family ? header_pseudo_sum(&e->local, &e->locked) : 0;
	endpoint_settle(e);
}

void endpoint_settle(struct endpoint *e)
{
	__atomic_store_n(&e->sink, e->sink_count == 1 ? e->sinks[0] : NULL, __ATOMIC_RELAXED);
	e->express = e->sink && e->locked_key && !e->captured && e->rx_packets;
	e->express_out = e->resolved && !e->paused && !e->captured_out;
	/* Learned anew from the next packet that goes the long way. */
	e->pt_in = ENDPOINT_PT_NONE;
	if (e->source)
		e->source->pt_in = ENDPOINT_PT_NONE;
}

void endpoint_settings(struct endpoint *e, const struct xf_endpoint_settings *settings, const struct egress *egress)
{
	e->remote = settings->remote;
	e->remote_rtcp = settings->remote_rtcp;
	e->strict = settings->learn == XF_LEARN_STRICT;
	e->pt_count = settings->pt_count;
	memcpy(e->pts, settings->pts, sizeof(e->pts));
	e->dscp = settings->dscp;
	e->learn_window_ns = settings->learn_window_ns;
	e->timeout_ns = settings->timeout_ns;
	e->egress = *egress;
	e->egress.port = settings->port;
	endpoint_rebuild(e);
	endpoint_publish(e);
}

void endpoint_open(struct endpoint *e, uint64_t now_ns)
{
	counter_set(&e->opened_ns, now_ns);
	e->learn_since_ns = e->watch_since_ns = now_ns;
}

void endpoint_update(struct endpoint *e, const struct xf_endpoint_settings *settings, const struct egress *egress,
		     uint64_t now_ns)
{
	/* The address that is locked is the one that is named: there is nothing to learn. */
	bool named = xf_sockaddr_eq(&e->locked, &settings->remote);
	bool unknown = settings->remote.addr.family == 0 || e->remote.addr.family == 0;
	bool foreign = e->locked.addr.family != 0 && !named && settings->learn == XF_LEARN_STRICT;
	if (!named && (settings->relearn || unknown || foreign))
		e->locked = e->candidate = e->rtcp_source = (struct xf_sockaddr){0};
	bool learns = settings->relearn || unknown || foreign;
	if (learns)
		e->learn_since_ns = now_ns;
	if (learns || e->timeout_ns == 0) {
		e->watch_since_ns = now_ns;
		e->timed_out = 0;
	}
	endpoint_settings(e, settings, egress);
}

void endpoint_set_egress(struct endpoint *e, const struct egress *egress)
{
	uint16_t port = e->egress.port;
	e->egress = *egress;
	e->egress.port = port;
	endpoint_rebuild(e);
	endpoint_publish(e);
}

void endpoint_lock(struct endpoint *e, const struct xf_sockaddr *source)
{
	e->locked = *source;
	e->candidate = (struct xf_sockaddr){0};
	endpoint_rebuild(e);
	endpoint_publish(e);
}

struct xf_sockaddr endpoint_rtcp_remote(const struct endpoint *e)
{
	bool as_told = e->locked.addr.family == 0 || xf_sockaddr_eq(&e->locked, &e->remote);
	if (as_told && e->remote_rtcp.addr.family)
		return e->remote_rtcp;
	/* Behind a NAT that the SDP does not know of: where its RTCP comes from; until then the port next to RTP's is
	 * the best guess (RFC 3550 11). */
	struct xf_sockaddr rtcp = *endpoint_remote(e);
	if (!as_told && xf_addr_eq(&e->rtcp_source.addr, &rtcp.addr))
		return e->rtcp_source;
	if (rtcp.port == UINT16_MAX)
		rtcp.addr.family = 0;
	rtcp.port++;
	return rtcp;
}

int endpoint_codec(const struct endpoint *e, uint8_t pt)
{
	for (unsigned i = 0; i < e->pt_count; i++)
		if (e->pts[i].pt == pt)
			return e->pts[i].codec;
	return -1;
}

int endpoint_pt(const struct endpoint *e, uint8_t codec)
{
	for (unsigned i = 0; i < e->pt_count; i++)
		if (e->pts[i].codec == codec)
			return e->pts[i].pt;
	return -1;
}
