#include "loop.h"

/* Into the front of the buffer, headroom included, so that the longest copy has room in any pool of packets. */
static struct rte_mbuf *capture_alloc(const struct worker *w, uint16_t len)
{
	struct rte_mbuf *mbuf = w->pool ? rte_pktmbuf_alloc(w->pool) : NULL;
	if (!mbuf)
		return NULL;
	mbuf->data_off = 0;
	if (rte_pktmbuf_append(mbuf, (uint16_t)(offsetof(struct xf_link_captured, bytes) + len)))
		return mbuf;
	rte_pktmbuf_free(mbuf);
	return NULL;
}

static bool capture_give(struct worker *w, const struct xf_link_captured *head, const uint8_t *payload)
{
	struct rte_mbuf *mbuf =
	    head->len <= XF_LINK_CAPTURE_MAX && w->ops.captured ? capture_alloc(w, head->len) : NULL;
	if (!mbuf)
		return false;
	uint8_t *to = rte_pktmbuf_mtod(mbuf, uint8_t *);
	memcpy(to, head, offsetof(struct xf_link_captured, bytes));
	memcpy(to + offsetof(struct xf_link_captured, bytes), payload, head->len);
	if (w->ops.captured(w->ops.arg, mbuf))
		return true;
	rte_pktmbuf_free(mbuf);
	return false;
}

/* Out of line: nobody but captured endpoints pays for it. */
static __rte_noinline void capture_copy(struct worker *w, struct endpoint *e, bool sent, const struct xf_sockaddr *from,
					const struct xf_sockaddr *to, const uint8_t *payload, uint16_t len)
{
	struct xf_link_captured head; /* but for its bytes */
	memset(&head, 0, offsetof(struct xf_link_captured, bytes));
	head.id = e->id;
	head.now_ns = w->now_ns;
	head.from = *from;
	head.to = *to;
	head.lost = endpoint_rest(e)->capture_lost;
	head.sent = sent;
	head.len = len;
	if (capture_give(w, &head, payload))
		return;
	endpoint_rest(e)->capture_lost++;
	counter_add(&w->stats.drops[XF_DROP_CAPTURE_LOST], 1);
}

void capture_received(struct worker *w, struct endpoint *e, const struct packet *p, const uint8_t *payload)
{
	capture_copy(w, e, false, &p->src, &p->dst, payload, p->payload_len);
}

void capture_sent(struct worker *w, struct endpoint *e, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		  const uint8_t *payload, uint16_t len)
{
	capture_copy(w, e, true, from, to, payload, len);
}

void capture_rtp(struct worker *w, struct endpoint *e, const struct rte_mbuf *mbuf, uint16_t len)
{
	const struct xf_sockaddr from = endpoint_local(w->flows, e), to = endpoint_target(e);
	capture_sent(w, e, &from, &to, rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, e->header.len), len);
}
