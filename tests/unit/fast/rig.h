/* Workers of the dataplane on a table: frames go in from memory, what they send is collected, the clock is a number. */
#pragma once

#include <criterion/criterion.h>
#include "fast/endpoint.h"
#include "fast/flow.h"
#include "fast/fragments.h"
#include "fast/prompt.h"
#include "fast/source.h"
#include "fast/worker.h"

#define RIG_MS	   1000000ull
#define RIG_SENT   512
#define RIG_EVENTS 64
#define RIG_WALL_S 1700000000ull /* what the rig's clock lacks to the time since 1970 */

/* Local addresses, by media index. */
enum {
	RIG_V4,	     /* 192.0.2.1, also SIP on 5060 */
	RIG_V6,	     /* 2001:db8::1, also SIP on 5060 */
	RIG_V4_ONLY, /* 192.0.2.9, media only */
	RIG_V6_ONLY, /* 2001:db8::9, media only */
	RIG_MEDIA_COUNT
};
/* 192.0.2.5:5060 is SIP only. Sources: 198.51.100.0/24 is peer 1, 2001:db8:5::/48 is peer 2. Admitted: 203.0.113.99. */

/* Prompts. */
enum {
	RIG_NONE,
	RIG_US, /* ringback */
	RIG_EU,
	RIG_GB,
	RIG_TWICE,   /* 5 frames, twice */
	RIG_SILENCE, /* for ever */
	RIG_PROMPT_END
};

struct rig {
	struct worker *worker[2];
	unsigned workers;
	struct flow_table *flows;
	struct source_table *sources;
	struct admitted *admitted;
	struct prompt_set *prompts;
	struct rte_mempool *pool, *fragments_pool;
	uint64_t now_ns;
	unsigned sent_count, kernel_count, urgent_count, event_count;
	struct rte_mbuf *sent[RIG_SENT];
	struct xf_link_event events[RIG_EVENTS];
	uint32_t generation;
	bool rtp_only; /* what is sent of RTCP is counted, and not kept */
	unsigned rtcp_count;
	bool copies_refused; /* the ring of copies is full */
	bool events_refused; /* likewise */
	unsigned events_tried;
	uint8_t to_kernel[FRAGMENTS_HEADERS + FRAGMENTS_BYTES]; /* the latest frame to the kernel */
	uint16_t to_kernel_len;
	unsigned copy_count;
	struct xf_link_captured copies[RIG_EVENTS];
};

/* A frame to be built. Zero fields have defaults: IPv4 or IPv6 by src, UDP, no tag, no fragment. */
struct frame {
	const char *src, *dst;
	uint16_t sport, dport;
	uint8_t proto;	     /* 0: UDP */
	const void *payload; /* of UDP or TCP, or all that follows IP if raw */
	uint16_t payload_len;
	bool raw; /* payload follows the IP headers as it is */
	uint16_t vlan;
	uint16_t frag;	  /* IPv4: flags and offset field; IPv6: the fragment header's offset field */
	uint16_t ip_id;	  /* IP identification */
	bool frag_header; /* IPv6: put a fragment header even if frag is 0 */
	const uint8_t
	    *options; /* IPv4 options, multiple of 4; IPv6: extension headers before a fragment header, ready made */
	uint8_t options_len;
	uint8_t options_first;	/* IPv6: protocol number of the first of them; its chain must end in `options_then` or
				   proto */
	const uint8_t *dst_mac; /* NULL: the port's */
	bool no_checksum;	/* UDP checksum 0 */
	uint8_t port;		/* by which it comes */
};

/* What a sent frame says. */
struct seen {
	uint8_t family, ttl, tos;
	bool ip_checksum_ok, udp_checksum_ok, marker;
	struct xf_sockaddr src, dst;
	const uint8_t *eth, *payload;
	uint16_t payload_len;
	uint8_t pt;
	uint16_t seq;
	uint32_t timestamp, ssrc;
};

extern const uint8_t rig_mac[6], rig_next_hop[6];

/* Of the workers to come: both have rig_mac, and no vlan unless a test says so. */
#define RIG_PORTS 2
extern struct worker_port rig_ports[RIG_PORTS];

/* Of the workers to come; NULL: they have none. */
extern uint64_t (*rig_cycles)(void);

/* Of this life; rig_init has one. */
struct prompt_set *rig_prompts_create(void);
void rig_prompts_destroy(struct prompt_set *set);

/* Once per test process. */
void rig_init(struct rig *rig, unsigned workers);
/* The same; screen: of each worker, NULL: none. */
void rig_init_screened(struct rig *rig, unsigned workers, const struct screen_rules *screen);
void rig_fini(struct rig *rig);

struct xf_addr rig_addr(const char *text);
struct xf_sockaddr rig_sockaddr(const char *text, uint16_t port);

/* Bytes of the frame in buf (2,048). */
uint16_t rig_frame(uint8_t *buf, const struct frame *frame);
struct rte_mbuf *rig_mbuf(struct rig *rig, const uint8_t *bytes, uint16_t len);
/* To worker 0, and flushed; deadlines are not run. */
void rig_receive(struct rig *rig, const struct frame *frame);
/* RTP from src:sport to dst:dport, 160 bytes of payload, each `fill`. */
void rig_rtp(struct rig *rig, const char *src, uint16_t sport, const char *dst, uint16_t dport, uint8_t pt,
	     uint16_t seq, uint32_t timestamp, uint32_t ssrc, uint8_t fill);

/* A turn of the owner with one command in its ring; its result. */
int rig_command(struct rig *rig, unsigned worker, struct command *command);
struct xf_endpoint_settings rig_settings(const char *remote, uint16_t port);
/* What the main thread does before it posts an OPEN. config must stay until it is done. */
void rig_prepare(struct rig *rig, struct command *command, const struct endpoint_config *config);
/* Opens on worker, with a resolved next hop; PCMU is `pt`, telephone-event is 101. */
struct xf_endpoint_id rig_open(struct rig *rig, unsigned worker, unsigned local, uint16_t port,
			       const struct xf_endpoint_settings *settings, uint16_t seed_seq, uint32_t seed_timestamp);
int rig_move(struct rig *rig, struct xf_endpoint_id to, struct xf_endpoint_id from, uint64_t armed_limit_ns,
	     bool paused);
void rig_turns(struct rig *rig);
uint64_t rig_drops(const struct rig *rig, enum xf_drop drop);
uint64_t rig_all_drops(const struct rig *rig);
unsigned rig_events(const struct rig *rig, enum xf_link_event_type type);
struct xf_endpoint_state rig_state(const struct rig *rig, struct xf_endpoint_id id);

/* The i-th sent frame, its checksums computed anew. */
struct seen rig_seen(const struct rig *rig, unsigned i);
/* The latest. */
struct seen rig_last(const struct rig *rig);
void rig_forget(struct rig *rig);
