/* What of a SIP message replay needs to know: to find the messages that belong together, not to judge them. */
#pragma once

#include <stdbool.h>
#include "sip_text.h"
#include "xfergate/addr.h"

#define FACTS_METHOD_MAX 16

/* Spans point into the message. */
struct facts {
	bool request;
	uint16_t status;	       /* response */
	char method[FACTS_METHOD_MAX]; /* of the request, or of CSeq; upper case as written, cut */
	uint32_t cseq;
	struct sip_text_span ruri;				/* request */
	struct sip_text_span call_id, from_tag, to_tag, branch; /* at NULL: none */
	struct sip_text_span from_user, contact;		/* URI of the first Contact */
	struct sip_text_span nonce;
	struct sip_text_span sipfrag; /* first line of a NOTIFY's sipfrag body */
	bool final_notify;	      /* Subscription-State: terminated */
	uint32_t rseq, rack;	      /* 0: none; rack: RSeq of a PRACK's RAck */
	bool has_sdp;
	struct xf_sockaddr media; /* of the first audio line; port 0: none */
	uint8_t payload_type;	  /* first of the audio line */
};

void facts_read(struct facts *facts, const struct sip_text *text);
static inline bool facts_is(const struct facts *facts, const char *method)
{
	return strcmp(facts->method, method) == 0;
}
