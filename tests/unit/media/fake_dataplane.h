/* A dataplane in memory that speaks the link: it holds endpoints, patches, sources and admitted addresses as the real
 * one does, checks what it is told, and keeps its answers until the test takes them. */
#pragma once

#include "media/link_codec.h"
#include "xfergate/config.h"

struct fake_endpoint {
	bool open;
	uint32_t generation, generation_last;
	uint8_t worker;
	struct xf_endpoint_settings settings;
	unsigned relearned, switched_on; /* its time-out */
	struct xf_endpoint_id source, armed;
	uint32_t while_silent;
	bool paused, captured, prompt_ended, timed_out;
	uint16_t heard_ms;
	uint64_t last_rx_ns;
};

struct fake_packet {
	size_t len;
	uint8_t *bytes;
};

struct fake_prompt {
	const char *name;
	uint32_t length_ms, times;
};

/* What it can play, NULL at the end; their numbers are others in each life. */
extern const struct fake_prompt fake_prompts[];

struct fake_dataplane {
	uint32_t version;
	uint64_t instance;
	uint64_t control; /* instance of the control plane that said HELLO last */
	uint16_t workers;
	uint32_t generation_last;
	struct xf_addr addr[XF_MAX_MEDIA_ADDRS];
	uint16_t addr_count;
	uint64_t now_ns;
	struct fake_endpoint *endpoint; /* by index */

	struct xf_source *sources, *staged;
	unsigned source_count, staged_count;
	struct xf_addr admitted[64];
	unsigned admitted_count;

	unsigned dump_rows; /* a page */
	uint16_t fail_type; /* the next command of this type … */
	int fail_result;    /* … is answered so */

	uint32_t first_prompt;	/* number of the first of fake_prompts */
	bool no_announcements;	/* it has no sounds of its own */
	uint32_t sequence_last; /* of this connection */
	unsigned packets, commands, violations;
	unsigned seen[64]; /* commands by type */

	struct fake_packet *out; /* answers and events, in order */
	unsigned out_count, out_room;
	struct link_writer writer;
};

void fake_init(struct fake_dataplane *dp, const struct config *config);
void fake_fini(struct fake_dataplane *dp);
/* Another life: all is gone but the configuration. */
void fake_restart(struct fake_dataplane *dp);
/* A new connection: the answers that were under way are lost. */
void fake_connected(struct fake_dataplane *dp);
/* A packet from the control plane. */
void fake_receive(struct fake_dataplane *dp, const void *packet, size_t len);
/* The next packet to the control plane; the caller frees bytes. */
bool fake_take(struct fake_dataplane *dp, struct fake_packet *packet);
void fake_event(struct fake_dataplane *dp, struct xf_endpoint_id id, enum xf_link_event_type event);
/* An endpoint of somebody before us. */
struct xf_endpoint_id fake_foreign(struct fake_dataplane *dp, uint32_t index, uint32_t generation);
void fake_shut(struct fake_dataplane *dp, struct xf_endpoint_id id);
struct fake_endpoint *fake_find(struct fake_dataplane *dp, struct xf_endpoint_id id);
unsigned fake_open_count(const struct fake_dataplane *dp);
/* Silence for its time-out; spoke_ms: how long after that was set its last packet came. */
void fake_silence(struct fake_dataplane *dp, struct xf_endpoint_id id, uint16_t spoke_ms);
/* The same of a while ago, by its own clock: told late. */
void fake_silence_at(struct fake_dataplane *dp, struct xf_endpoint_id id, uint16_t spoke_ms, uint64_t now_ns);
/* An armed patch of that time fired: told late. */
void fake_fired_at(struct fake_dataplane *dp, struct xf_endpoint_id id, uint64_t now_ns);
/* That prompt's end is told, whatever plays. now_ns: when it was, by its own clock; 0: now. */
void fake_prompt_ended(struct fake_dataplane *dp, struct xf_endpoint_id id, uint32_t prompt, uint64_t now_ns);
/* A key was pressed; digit: event code of RFC 4733. */
void fake_digit(struct fake_dataplane *dp, struct xf_endpoint_id id, uint8_t digit, uint16_t duration_ms);
/* A copy of a packet: addresses without ports, which are the endpoint's. */
void fake_copy(struct fake_dataplane *dp, struct xf_endpoint_id id, bool sent, const char *from, const char *to,
	       const char *data, uint32_t lost);
/* Name of a prompt by its number now, or "". */
const char *fake_prompt_name(const struct fake_dataplane *dp, uint32_t number);
bool fake_admits(const struct fake_dataplane *dp, const struct xf_addr *addr);
