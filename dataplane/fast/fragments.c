#include "fragments.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include "loop.h"

/* n fragments of the peer. */
static void fragments_count_drop(struct worker *w, uint16_t peer, enum xf_drop drop, unsigned n)
{
	counter_add(&w->stats.drops[drop], n);
	if (drop >= XF_DROP_SCREEN_FIRST && drop < XF_DROP_SCREEN_FIRST + XF_SCREEN_DROP_COUNT)
		counter_add(&w->stats.peer_drops[peer][drop - XF_DROP_SCREEN_FIRST], n);
}

static struct rte_mbuf *fragments_drop(struct worker *w, const struct packet *p, enum xf_drop drop)
{
	fragments_count_drop(w, p->peer, drop, 1);
	rte_pktmbuf_free(p->mbuf);
	return NULL;
}

static void fragments_used(struct worker *w, uint64_t used)
{
	w->fragments->used = used;
	counter_set(&w->stats.fragmented, (uint64_t)__builtin_popcountll(used));
	if (used == 0)
		w->fragments_due_ns = UINT64_MAX;
}

/* 802.1Q identifier; 0: none. */
static uint16_t fragments_vlan(const struct packet *p)
{
	const uint8_t *frame = rte_pktmbuf_mtod(p->mbuf, const uint8_t *);
	if (p->l3 == sizeof(struct rte_ether_hdr))
		return 0;
	return (uint16_t)(frame[14] << 8 | frame[15]) & RTE_ETHER_MAX_VLAN_ID;
}

/* RFC 791 3.2, RFC 8200 4.5: what fragments of one datagram have in common; and the VLAN, for addresses mean something
 * in their own network only. Not the port: a local address is one network's, and its fragments may come by several
 * ports, on paths of equal cost. -1: there is none. */
static int fragments_find(const struct fragments *f, const struct packet *p)
{
	uint16_t vlan = fragments_vlan(p);
	for (uint64_t used = f->used; used; used &= used - 1) {
		int i = __builtin_ctzll(used);
		const struct fragments_datagram *d = &f->datagrams[i];
		if (f->ids[i] == p->fragment.id && d->vlan == vlan && xf_addr_eq(&d->src, &p->src.addr) &&
		    xf_addr_eq(&d->dst, &p->dst.addr) && (d->src.family == 6 || d->proto == p->fragment.proto))
			return i;
	}
	return -1;
}

static unsigned fragments_of_peer(const struct fragments *f, uint16_t peer)
{
	unsigned n = 0;
	for (uint64_t used = f->used; used; used &= used - 1)
		n += f->datagrams[__builtin_ctzll(used)].peer == peer;
	return n;
}

/* -1: no room; *drop says why. */
static int fragments_begin(struct worker *w, const struct packet *p, uint64_t now_ns, enum xf_drop *drop)
{
	struct fragments *f = w->fragments;
	*drop = XF_DROP_FRAGMENT_LIMIT;
	if (f->used == UINT64_MAX || fragments_of_peer(f, p->peer) >= FRAGMENTS_PEER)
		return -1;
	struct rte_mbuf *whole = w->fragments_pool ? rte_pktmbuf_alloc(w->fragments_pool) : NULL;
	*drop = XF_DROP_NO_MBUF;
	if (!whole)
		return -1;
	int i = __builtin_ctzll(~f->used);
	f->datagrams[i] = (struct fragments_datagram){
	    .src = p->src.addr,
	    .dst = p->dst.addr,
	    .since_ns = now_ns,
	    .whole = whole,
	    .peer = p->peer,
	    .vlan = fragments_vlan(p),
	    .proto = p->fragment.proto,
	};
	f->ids[i] = p->fragment.id;
	fragments_used(w, f->used | 1ull << i);
	w->fragments_due_ns = RTE_MIN(w->fragments_due_ns, now_ns + FRAGMENTS_NS);
	return i;
}

/* What of it has come is dropped, and what may still come. */
static void fragments_give_up(struct worker *w, struct fragments_datagram *d, enum xf_drop drop)
{
	fragments_count_drop(w, d->peer, drop, d->count);
	rte_pktmbuf_free(d->whole);
	d->whole = NULL;
	d->count = 0;
	d->drop = (uint8_t)drop;
}

unsigned fragments_run(struct worker *w, uint64_t now_ns)
{
	struct fragments *f = w->fragments;
	uint64_t left = f->used, due_ns = UINT64_MAX;
	for (uint64_t used = f->used; used; used &= used - 1) {
		int i = __builtin_ctzll(used);
		struct fragments_datagram *d = &f->datagrams[i];
		if (now_ns < d->since_ns + FRAGMENTS_NS) {
			due_ns = RTE_MIN(due_ns, d->since_ns + FRAGMENTS_NS);
			continue;
		}
		fragments_give_up(w, d, XF_DROP_FRAGMENT_TIMEOUT);
		left &= ~(1ull << i);
	}
	unsigned done = (unsigned)__builtin_popcountll(f->used ^ left);
	w->fragments_due_ns = due_ns;
	fragments_used(w, left);
	return done;
}

static const uint8_t *fragments_bytes(const struct packet *p)
{
	return rte_pktmbuf_mtod_offset(p->mbuf, const uint8_t *, p->fragment.at);
}

static uint8_t *fragments_place(const struct fragments_datagram *d, unsigned offset)
{
	return rte_pktmbuf_mtod_offset(d->whole, uint8_t *, FRAGMENTS_HEADERS + offset);
}

enum fragments_fit {
	FRAGMENTS_FITS,
	FRAGMENTS_AGAIN,    /* an exact copy of one that is there */
	FRAGMENTS_OVERLAPS, /* or does not agree where the datagram ends */
};

static enum fragments_fit fragments_fit(const struct fragments_datagram *d, const struct packet *p)
{
	unsigned at = p->fragment.offset, end = at + p->fragment.len;
	for (unsigned i = 0; i < d->count; i++) {
		const struct fragments_piece *piece = &d->pieces[i];
		unsigned piece_end = piece->at + piece->len;
		if (at == piece->at && end == piece_end && (p->fragment.more || d->end == end))
			return memcmp(fragments_place(d, at), fragments_bytes(p), p->fragment.len) == 0
				   ? FRAGMENTS_AGAIN
				   : FRAGMENTS_OVERLAPS;
		if (at < piece_end && piece->at < end)
			return FRAGMENTS_OVERLAPS;
		if (!p->fragment.more && piece_end > end)
			return FRAGMENTS_OVERLAPS;
	}
	if (d->end && (end > d->end || !p->fragment.more))
		return FRAGMENTS_OVERLAPS;
	return FRAGMENTS_FITS;
}

/* XF_DROP_COUNT: nothing speaks against it. */
static enum xf_drop fragments_judge(const struct fragments_datagram *d, const struct packet *p)
{
	if (p->fragment.offset + p->fragment.len > FRAGMENTS_BYTES || d->count == FRAGMENTS_EACH)
		return XF_DROP_FRAGMENT_LIMIT;
	if (p->fragment.offset == 0 && p->fragment.len < FRAGMENTS_FIRST_LEAST)
		return XF_DROP_FRAGMENT_SMALL;
	return XF_DROP_COUNT;
}

static void fragments_put(struct fragments_datagram *d, const struct packet *p)
{
	const uint8_t *frame = rte_pktmbuf_mtod(p->mbuf, const uint8_t *);
	memcpy(fragments_place(d, p->fragment.offset), fragments_bytes(p), p->fragment.len);
	d->pieces[d->count++] = (struct fragments_piece){p->fragment.offset, p->fragment.len};
	d->bytes = (uint16_t)(d->bytes + p->fragment.len);
	if (!p->fragment.more)
		d->end = (uint16_t)(p->fragment.offset + p->fragment.len);
	if (p->fragment.offset > 0)
		return;
	d->l3 = p->l3;
	d->headers = p->fragment.headers;
	d->next_at = p->fragment.next_at;
	d->proto = p->fragment.proto;
	memcpy(fragments_place(d, 0) - d->headers, frame, d->headers);
}

/* The first one's headers, as the whole would have had them. */
static void fragments_headers(const struct fragments_datagram *d, uint8_t *frame)
{
	uint8_t *ip = frame + d->l3;
	if (d->src.family == 6) {
		struct rte_ipv6_hdr *ipv6 = (struct rte_ipv6_hdr *)ip;
		frame[d->next_at] = d->proto;
		ipv6->payload_len = rte_cpu_to_be_16((uint16_t)(d->headers - d->l3 - sizeof(*ipv6) + d->end));
		return;
	}
	struct rte_ipv4_hdr *ipv4 = (struct rte_ipv4_hdr *)ip;
	ipv4->total_length = rte_cpu_to_be_16((uint16_t)(d->headers - d->l3 + d->end));
	ipv4->fragment_offset = 0;
	ipv4->hdr_checksum = 0;
	ipv4->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, d->headers - d->l3);
}

static struct rte_mbuf *fragments_finish(struct worker *w, unsigned i)
{
	struct fragments_datagram *d = &w->fragments->datagrams[i];
	struct rte_mbuf *whole = d->whole;
	whole->data_off = (uint16_t)(whole->data_off + FRAGMENTS_HEADERS - d->headers);
	whole->data_len = (uint16_t)(d->headers + d->end);
	whole->pkt_len = whole->data_len;
	fragments_headers(d, rte_pktmbuf_mtod(whole, uint8_t *));
	counter_add(&w->stats.fragments, d->count);
	counter_add(&w->stats.datagrams, 1);
	fragments_used(w, w->fragments->used & ~(1ull << i));
	return whole;
}

/* Nobody sends these. */
static bool fragments_valid(const struct packet *p)
{
	const struct packet_fragment *f = &p->fragment;
	return f->len > 0 && (!f->more || f->len % 8 == 0) && f->headers <= FRAGMENTS_HEADERS;
}

struct rte_mbuf *fragments_take(struct worker *w, const struct packet *p, uint64_t now_ns)
{
	enum xf_drop drop;
	if (buckets_owner(p->peer, w->workers) != w->index) {
		screen_handover(w, p);
		return NULL;
	}
	if (!fragments_valid(p))
		return fragments_drop(w, p, XF_DROP_IP_INVALID);
	if (now_ns >= w->fragments_due_ns)
		fragments_run(w, now_ns);
	int i = fragments_find(w->fragments, p);
	if (i < 0 && (i = fragments_begin(w, p, now_ns, &drop)) < 0)
		return fragments_drop(w, p, drop);
	struct fragments_datagram *d = &w->fragments->datagrams[i];
	if (!d->whole)
		return fragments_drop(w, p, (enum xf_drop)d->drop);
	enum fragments_fit fit = fragments_fit(d, p);
	if (fit == FRAGMENTS_AGAIN)
		return fragments_drop(w, p, XF_DROP_FRAGMENT_OVERLAP);
	drop = fit == FRAGMENTS_FITS ? fragments_judge(d, p) : XF_DROP_FRAGMENT_OVERLAP;
	if (drop != XF_DROP_COUNT) {
		fragments_give_up(w, d, drop);
		return fragments_drop(w, p, drop);
	}
	fragments_put(d, p);
	uint16_t port = p->mbuf->port;
	rte_pktmbuf_free(p->mbuf);
	if (d->bytes != d->end)
		return NULL;
	struct rte_mbuf *whole = fragments_finish(w, (unsigned)i);
	whole->port = port;
	return whole;
}

void fragments_fini(struct worker *w)
{
	for (uint64_t used = w->fragments ? w->fragments->used : 0; used; used &= used - 1)
		rte_pktmbuf_free(w->fragments->datagrams[__builtin_ctzll(used)].whole);
}
