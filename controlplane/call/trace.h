/* The trace of a call: what its legs said and were told, the newest messages first kept. For ladders and for people who
 * ask what went wrong; no credentials, no passwords, no media. The call's shard writes it.
 */
#pragma once

#include "sip/stack.h"

#define TRACE_MESSAGES_MAX 128 /* of a call; older ones are counted as lost */
#define TRACE_LINE_MAX	   96  /* bytes of a start line; longer ones are cut */

struct trace_message {
	uint64_t ns;
	struct xf_sockaddr peer; /* where it came from or went */
	uint64_t digest;	 /* of its bytes */
	uint32_t leg_number;	 /* 1: the call's first leg of that kind */
	uint8_t leg_kind;	 /* enum leg_kind */
	bool sent;
	bool repeated;	/* a retransmission */
	bool in_dialog; /* To has a tag */
	char start_line[TRACE_LINE_MAX + 1];
	char cseq[48];
	char sipfrag[64];   /* first line of a message/sipfrag body; "" if it has none */
	char refer_to[160]; /* without passwords and embedded headers; "" if it has none */
};

/* A ring, grown as it fills. */
struct trace {
	uint64_t lost;
	uint32_t first, count, room;
	struct trace_message messages[];
};

/* Oldest first; trace may be NULL (nothing was said). i below trace_count. */
static inline uint32_t trace_count(const struct trace *trace)
{
	return trace ? trace->count : 0;
}

static inline const struct trace_message *trace_at(const struct trace *trace, uint32_t i)
{
	return &trace->messages[(trace->first + i) % trace->room];
}

/* What names a dialog from our side. */
struct trace_dialog {
	char call_id[256];
	char local_tag[128];
};

/* Fills everything but the time and the leg. */
void trace_read(struct trace_message *message, struct trace_dialog *dialog, const struct sip_traffic *traffic);
/* Judges whether it is a retransmission by what is there already, and adds it. Without memory it is lost. */
void trace_add(struct trace **trace, const struct trace_message *message);
