#include <errno.h>
#include <rte_ip.h>
#include "header.h"
#include "lockstep.h"
#include "loop.h"
#include "rtcp.h"
#include "xfergate/fault.h"

/* RTCP never locks a source. It is taken from the address that RTP comes from, or is to come from, whatever its port
 * (many senders do not say theirs); a strict endpoint takes only what the SDP says. */
static bool media_rtcp_source_ok(const struct endpoint *e, const struct packet *p)
{
	const struct xf_sockaddr remote = endpoint_remote(e), rtcp = endpoint_remote_rtcp(e), rtp = endpoint_target(e);
	if (remote.port == 0)
		return false;
	if (!p->rtcp_port && e->locked)
		return endpoint_is_locked(e, &p->src);
	if (rtcp.port && xf_sockaddr_eq(&p->src, &rtcp))
		return true;
	if (e->strict)
		return xf_addr_eq(&p->src.addr, &remote.addr) &&
		       (p->src.port == remote.port || (rtcp.port == 0 && p->src.port == remote.port + 1));
	return xf_addr_eq(&p->src.addr, &rtp.addr);
}

/* Whether `to` may have the report. 0, or -1 with *drop. */
static int media_rtcp_may_pass(const struct endpoint *e, const struct endpoint *to, const struct rtcp *rtcp,
			       enum xf_drop *drop)
{
	*drop = XF_DROP_ARMED_WAIT;
	if (to->source != e->id.index)
		return -1;
	*drop = XF_DROP_PAUSED;
	if (to->paused)
		return -1;
	*drop = XF_DROP_NO_NEIGHBOUR;
	if (!endpoint_resolved(to))
		return -1;
	if (!rtcp->sender)
		return 0;
	/* Before its first RTP packet there is no offset by which a timestamp could be told. */
	*drop = XF_DROP_BEFORE_MAPPED;
	if (!to->stream.mapped)
		return -1;
	*drop = XF_DROP_RTCP_REPLACED;
	return rtcp->ssrc == to->stream.in_ssrc ? 0 : -1;
}

/* The report as `to`'s peer may see it: of the send stream, about what this peer itself sent. */
static void media_rtcp_translate(struct worker *w, struct endpoint *e, struct endpoint *to, struct rtcp *rtcp,
				 uint64_t now_ns)
{
	rtcp->ssrc = to->stream.ssrc;
	if (!XF_FAULT("clock-of-the-source"))
		report_time(&w->reports, rtcp, now_ns);
	rtcp->bye = XF_FAULT("bye-passed-on");
	rtcp->timestamp += to->stream.timestamp_offset;
	rtcp->packets = to->stream.packets;
	rtcp->octets = to->stream.octets;
	/* A report about what somebody else fed here before is nothing that `to`'s peer sent. */
	rtcp->has_block = rtcp->has_block && report_translate(&w->reports, e, to, &rtcp->block, now_ns);
}

/* Fills the packet and sends it. 0, or the drop; the packet is freed then. */
static int media_rtcp_put(struct worker *w, struct endpoint *to, struct rte_mbuf *mbuf, const struct rtcp *rtcp)
{
	struct endpoint_header header;
	struct xf_sockaddr local = endpoint_local(w->flows, to);
	const struct xf_sockaddr remote = endpoint_rtcp_target(to), rtp = endpoint_target(to);
	const struct egress egress = endpoint_egress(to);
	uint8_t bytes[RTCP_OUT_MAX], cname[CNAME_LEN];
	if (remote.addr.family == 0) {
		rte_pktmbuf_free(mbuf);
		return XF_DROP_NO_NEIGHBOUR;
	}
	/* Multiplexed (RFC 5761): on RTP's own port. */
	if (!xf_sockaddr_eq(&remote, &rtp))
		local.port++;
	cname_make(cname, w->secret, &to->id, to->stream.ssrc);
	size_t len = rtcp_write(bytes, rtcp, cname);
	rte_pktmbuf_reset(mbuf);
	char *data = rte_pktmbuf_append(mbuf, (uint16_t)len);
	if (data) {
		memcpy(data, bytes, len);
		header_build(&header, &egress, to->dscp, &local, &remote);
	}
	if (!data ||
	    header_put(&header, mbuf, 0, (uint16_t)len, rte_raw_cksum(bytes, len), w->ports[to->header.port].mtu) < 0) {
		rte_pktmbuf_free(mbuf);
		return XF_DROP_TX_FULL;
	}
	counter32_saturate(&to->tx_rtcp);
	if (unlikely(to->captured_out))
		capture_sent(w, to, &local, &remote, bytes, (uint16_t)len);
	loop_queue_out(w, to->header.port, mbuf);
	return 0;
}

static void media_rtcp_send(struct worker *w, struct endpoint *e, struct endpoint *to, struct rte_mbuf *mbuf,
			    const struct rtcp *rtcp)
{
	int drop = media_rtcp_put(w, to, mbuf, rtcp);
	if (drop)
		media_count_drop(w, e, (enum xf_drop)drop);
	else
		counter_add(&w->stats.forwarded, 1);
}

static void media_rtcp_forward(struct worker *w, struct endpoint *e, struct rte_mbuf *mbuf, const struct rtcp *rtcp,
			       uint64_t now_ns)
{
	unsigned n = e->sink_count;
	for (unsigned i = 0; i < n; i++) {
		struct endpoint *to = flow_at(w->flows, e->sinks[i]);
		struct rtcp out = *rtcp;
		enum xf_drop drop;
		if (media_rtcp_may_pass(e, to, rtcp, &drop) < 0) {
			media_count_drop(w, e, drop);
			continue;
		}
		media_rtcp_translate(w, e, to, &out, now_ns);
		if (i + 1 == n)
			return media_rtcp_send(w, e, to, mbuf, &out);
		struct rte_mbuf *copy = rte_pktmbuf_alloc(mbuf->pool);
		if (copy)
			media_rtcp_send(w, e, to, copy, &out);
		else
			media_count_drop(w, e, XF_DROP_NO_MBUF);
	}
	rte_pktmbuf_free(mbuf);
}

void media_rtcp(struct worker *w, struct endpoint *e, const struct packet *p, uint64_t now_ns)
{
	struct rtcp rtcp;
	const uint8_t *data = rte_pktmbuf_mtod_offset(p->mbuf, const uint8_t *, p->payload);
	int ret = rtcp_parse(&rtcp, data, p->payload_len, e->stream.ssrc);
	if (ret < 0)
		return loop_drop(w, p->mbuf, ret == -ENOTSUP ? XF_DROP_RTCP_REDUCED : XF_DROP_RTCP_INVALID);
	if (!media_rtcp_source_ok(e, p)) {
		counter_add(&w->stats.drops[XF_DROP_WRONG_SOURCE], 1);
		counter32_saturate(&e->rx_wrong_source);
		rte_pktmbuf_free(p->mbuf);
		return;
	}
	const struct xf_sockaddr rtp = endpoint_target(e);
	/* It is about both streams. */
	lockstep_leave(w->flows, e);
	counter32_saturate(&e->rx_rtcp);
	e->rtcp_source_port = xf_addr_eq(&p->src.addr, &rtp.addr) ? p->src.port : 0;
	report_heard(&w->reports, e, &rtcp, now_ns);
	if (e->sink_count > 0)
		return media_rtcp_forward(w, e, p->mbuf, &rtcp, now_ns);
	media_count_drop(w, e, XF_DROP_RTCP_REPLACED);
	rte_pktmbuf_free(p->mbuf);
}

static bool media_rtcp_own_send(struct worker *w, struct endpoint *e, const struct rtcp *rtcp)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(w->pool);
	int drop = mbuf ? media_rtcp_put(w, e, mbuf, rtcp) : XF_DROP_NO_MBUF;
	counter_add(drop ? &w->stats.drops[drop] : &w->stats.own_reports, 1);
	return !drop;
}

static const struct endpoint *media_rtcp_source(const struct worker *w, const struct endpoint *e)
{
	return e->source != XF_ENDPOINT_NONE ? flow_at(w->flows, e->source) : NULL;
}

/* Whether its peer gets the reports of whoever feeds it: if that sends any, and is heard. */
static bool media_rtcp_passes(const struct worker *w, const struct endpoint *e, uint64_t now_ns)
{
	const struct endpoint *source = media_rtcp_source(w, e);
	return source && !e->paused && !(endpoint_rest(e)->prompt_number & ENDPOINT_PROMPT_HEARD) &&
	       source->rx_rtcp > 0 && report_is_heard(&w->reports, source, now_ns);
}

bool media_rtcp_own(struct worker *w, struct endpoint *e, uint64_t now_ns)
{
	struct rtcp rtcp;
	if (!w->pool || !endpoint_resolved(e) || !report_due(e, now_ns) || media_rtcp_passes(w, e, now_ns))
		return false;
	struct endpoint *leader = lockstep_end_to(w->flows, e);
	report_own(&w->reports, e, media_rtcp_source(w, e), &rtcp, now_ns);
	lockstep_resume(leader, e);
	return media_rtcp_own_send(w, e, &rtcp);
}

void media_rtcp_bye(struct worker *w, struct endpoint *e, uint64_t now_ns)
{
	struct rtcp rtcp;
	lockstep_end_to(w->flows, e);
	if (!w->pool || !endpoint_resolved(e) || (e->stream.packets == 0 && e->tx_rtcp == 0))
		return;
	report_own(&w->reports, e, media_rtcp_source(w, e), &rtcp, now_ns);
	rtcp.bye = true;
	media_rtcp_own_send(w, e, &rtcp);
}
