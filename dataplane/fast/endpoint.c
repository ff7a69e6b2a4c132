#include <rte_ether.h>
#include "endpoint.h"
#include "flow.h"
#include "header.h"
#include "lockstep.h"

#define ENDPOINT_HEADER_WORDS (sizeof(struct endpoint_header) / sizeof(uint32_t))
static_assert(sizeof(struct endpoint_header) % sizeof(uint32_t) == 0, "copied by whole words");
static_assert(offsetof(struct endpoint, header) % sizeof(uint32_t) == 0, "in their places");

#define ENDPOINT_NS_PER_MS 1000000ull

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

void endpoint_hide(struct endpoint *e)
{
	__atomic_store_n(&e->version, e->version | 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

void endpoint_publish(struct endpoint *e)
{
	__atomic_store_n(&e->version, (e->version | 1) + 1, __ATOMIC_RELEASE);
}

/* A time of the link in whole milliseconds, never less; what is too long for them is as good as without end. */
static uint32_t endpoint_ms_of(uint64_t ns)
{
	uint64_t ms = ns / ENDPOINT_NS_PER_MS + (ns % ENDPOINT_NS_PER_MS > 0);
	return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

static struct xf_sockaddr endpoint_sockaddr(uint8_t family, const uint8_t *bytes, uint16_t port)
{
	struct xf_sockaddr sockaddr = {.port = port};
	if (port == 0)
		return sockaddr;
	sockaddr.addr.family = family;
	memcpy(sockaddr.addr.bytes, bytes, endpoint_addr_len(family));
	return sockaddr;
}

struct xf_sockaddr endpoint_local(const struct flow_table *flows, const struct endpoint *e)
{
	return (struct xf_sockaddr){.addr = flows->media[xf_endpoint_local_addr(e->id.index)],
				    .port = xf_endpoint_port(e->id.index)};
}

struct xf_sockaddr endpoint_remote(const struct endpoint *e)
{
	return endpoint_sockaddr(e->family, endpoint_rest(e)->remotes, e->remote_port);
}

struct xf_sockaddr endpoint_remote_rtcp(const struct endpoint *e)
{
	return endpoint_sockaddr(e->family, endpoint_rest(e)->remotes + endpoint_addr_len(e->family),
				 e->remote_rtcp_port);
}

struct xf_sockaddr endpoint_target(const struct endpoint *e)
{
	const uint8_t *udp = e->header.bytes + e->header.len - 8;
	uint16_t port_be;
	if (e->header.len == 0)
		return (struct xf_sockaddr){0};
	memcpy(&port_be, udp + 2, sizeof(port_be));
	return endpoint_sockaddr(e->family, udp - endpoint_addr_len(e->family), rte_be_to_cpu_16(port_be));
}

bool endpoint_is_locked(const struct endpoint *e, const struct xf_sockaddr *source)
{
	if (!e->locked || e->locked_key != endpoint_key(source))
		return false;
	return e->family == 4 || memcmp(e->header.bytes + e->header.len - 8 - 16, source->addr.bytes, 16) == 0;
}

struct egress endpoint_egress(const struct endpoint *e)
{
	struct egress egress = {.resolved = e->neighbour, .port = e->header.port};
	uint16_t type, tag;
	memcpy(egress.dst_mac, e->header.bytes, 6);
	memcpy(egress.src_mac, e->header.bytes + 6, 6);
	memcpy(&type, e->header.bytes + 12, 2);
	memcpy(&tag, e->header.bytes + 14, 2);
	if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN))
		egress.vlan = rte_be_to_cpu_16(tag);
	return egress;
}

/* What it sends to `to` from now on; family 0: nothing. */
static void endpoint_aim(const struct flow_table *flows, struct endpoint *e, const struct egress *egress,
			 const struct xf_sockaddr *to)
{
	const struct xf_sockaddr local = endpoint_local(flows, e);
	struct endpoint_header header;
	uint32_t words[ENDPOINT_HEADER_WORDS];
	/* Of lock, settings and way, each of which comes here. */
	lockstep_leave(flows, e);
	header_build(&header, egress, e->dscp, &local, to);
	memcpy(words, &header, sizeof(header));
	for (unsigned i = 0; i < ENDPOINT_HEADER_WORDS; i++)
		__atomic_store_n((uint32_t *)&e->header + i, words[i], __ATOMIC_RELAXED);
	shown8_set(&e->neighbour, egress->resolved);
}

static void endpoint_set_remotes(struct endpoint *e, const struct xf_endpoint_settings *settings)
{
	unsigned len = endpoint_addr_len(e->family);
	uint8_t *to = endpoint_rest(e)->remotes;
	for (unsigned i = 0; i < len; i++) {
		shown8_set(&to[i], settings->remote.addr.bytes[i]);
		shown8_set(&to[len + i], settings->remote_rtcp.addr.bytes[i]);
	}
	shown16_set(&e->remote_port, settings->remote.addr.family ? settings->remote.port : 0);
	e->remote_rtcp_port = settings->remote_rtcp.addr.family ? settings->remote_rtcp.port : 0;
}

static void endpoint_settings(const struct flow_table *flows, struct endpoint *e,
			      const struct xf_endpoint_settings *settings, const struct egress *egress)
{
	struct egress out = *egress;
	const struct xf_sockaddr to = e->locked ? endpoint_target(e) : settings->remote;
	out.port = settings->port;
	endpoint_set_remotes(e, settings);
	e->strict = settings->learn == XF_LEARN_STRICT;
	e->pt_count = settings->pt_count & 7u;
	memcpy(e->pts, settings->pts, sizeof(e->pts));
	e->dscp = settings->dscp;
	e->learn_window_ms = endpoint_ms_of(settings->learn_window_ns);
	counter32_set(&e->timeout_ms, endpoint_ms_of(settings->timeout_ns));
	endpoint_aim(flows, e, &out, &to);
}

/* All but what outlasts a life, word by word, for others may be looking. */
static void endpoint_clear(struct endpoint *e, uint32_t index, uint8_t family)
{
	const struct endpoint empty = {.id = {index, e->id.generation},
				       .version = e->version,
				       .sinks = {XF_ENDPOINT_NONE, XF_ENDPOINT_NONE},
				       .source = XF_ENDPOINT_NONE,
				       .armed = XF_ENDPOINT_NONE,
				       .family = family};
	uint64_t words[sizeof(empty) / sizeof(uint64_t)];
	memcpy(words, &empty, sizeof(words));
	for (unsigned i = 0; i < RTE_DIM(words); i++)
		__atomic_store_n((uint64_t *)e + i, words[i], __ATOMIC_RELAXED);
	uint64_t *rest = (uint64_t *)endpoint_rest(e);
	for (unsigned i = 0; i < endpoint_rest_size(family) / sizeof(uint64_t); i++)
		__atomic_store_n(&rest[i], 0, __ATOMIC_RELAXED);
	shown16_set(endpoint_rtt(e), 0);
}

void endpoint_open(const struct flow_table *flows, struct endpoint *e, const struct endpoint_config *config,
		   uint64_t now_ns)
{
	uint32_t index = config->id.index;
	endpoint_hide(e);
	endpoint_clear(e, index, flows->media[xf_endpoint_local_addr(index)].family);
	counter32_set(&e->id.generation, config->id.generation);
	counter_set(&e->opened_ns, now_ns);
	stream_init(&e->stream, &config->seed);
	endpoint_settings(flows, e, &config->settings, &config->egress);
	endpoint_publish(e);
	__atomic_store_n(&e->owner, config->owner + 1, __ATOMIC_RELEASE);
}

void endpoint_close(struct endpoint *e)
{
	__atomic_store_n(&e->owner, 0, __ATOMIC_RELEASE);
}

/* The present way, as long as a new one is awaited, if that leads to the same peer on the same port: a route has
 * changed, no more. */
static bool endpoint_keeps_way(const struct endpoint *e, const struct xf_endpoint_settings *settings,
			       const struct egress *egress)
{
	const struct xf_sockaddr remote = endpoint_remote(e);
	return egress->awaited && e->neighbour && e->header.port == settings->port &&
	       xf_addr_eq(&remote.addr, &settings->remote.addr);
}

void endpoint_update(const struct flow_table *flows, struct endpoint *e, const struct xf_endpoint_settings *settings,
		     const struct egress *egress, uint64_t now_ns)
{
	/* The address that is locked is the one that is named: there is nothing to learn. */
	bool named = endpoint_is_locked(e, &settings->remote);
	bool unknown = settings->remote.addr.family == 0 || e->remote_port == 0;
	const uint32_t now_ms = (uint32_t)RTE_MIN(endpoint_ms(e, now_ns), (uint64_t)UINT32_MAX);
	bool foreign = e->locked && !named && settings->learn == XF_LEARN_STRICT;
	const struct egress way = endpoint_keeps_way(e, settings, egress) ? endpoint_egress(e) : *egress;
	endpoint_hide(e);
	if (!named && (settings->relearn || unknown || foreign)) {
		shown8_set(&e->locked, 0);
		e->locked_key = 0;
		e->rtcp_source_port = 0;
	}
	bool learns = settings->relearn || unknown || foreign;
	if (learns)
		e->learn_since_ms = now_ms;
	if (learns || e->timeout_ms == 0)
		counter32_set(&e->watch_since_ms, now_ms);
	/* If it has passed all the same it is told again, behind the answer: whoever asks anew need not heed what
	 * it was told before. */
	shown8_set(&e->timed_out, ENDPOINT_TIMEOUT_NONE);
	endpoint_settings(flows, e, settings, &way);
	endpoint_publish(e);
}

void endpoint_set_egress(const struct flow_table *flows, struct endpoint *e, const struct egress *egress)
{
	struct egress out = *egress;
	const struct xf_sockaddr to = endpoint_target(e);
	out.port = e->header.port;
	endpoint_hide(e);
	endpoint_aim(flows, e, &out, &to);
	endpoint_publish(e);
}

void endpoint_lock(const struct flow_table *flows, struct endpoint *e, const struct xf_sockaddr *source)
{
	const struct egress egress = endpoint_egress(e);
	const struct xf_sockaddr before = endpoint_target(e);
	if (!xf_addr_eq(&before.addr, &source->addr))
		e->rtcp_source_port = 0;
	endpoint_hide(e);
	shown8_set(&e->locked, 1);
	e->locked_key = endpoint_key(source);
	endpoint_aim(flows, e, &egress, source);
	endpoint_publish(e);
}

struct xf_sockaddr endpoint_rtcp_target(const struct endpoint *e)
{
	const struct xf_sockaddr remote = endpoint_remote(e), told = endpoint_remote_rtcp(e);
	bool as_told = !e->locked || endpoint_is_locked(e, &remote);
	/* Multiplexed (RFC 5761), behind a NAT too. */
	if (xf_sockaddr_eq(&remote, &told))
		return endpoint_target(e);
	if (as_told && e->remote_rtcp_port)
		return told;
	/* Behind a NAT that the SDP does not know of: where its RTCP comes from; until then the port next to RTP's is
	 * the best guess (RFC 3550 11). */
	struct xf_sockaddr rtcp = endpoint_target(e);
	if (!as_told && e->rtcp_source_port) {
		rtcp.port = e->rtcp_source_port;
		return rtcp;
	}
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
