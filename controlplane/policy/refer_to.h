/* Reading where a transfer is to go: a Refer-To URI, or what an operator typed.
 *
 * Only read here; whether the destination may be called is for dial.h (numbers) and guard.h (SIP hosts). Plans are the
 * exception: which plan an agent may use is known at once.
 */
#pragma once

#include "policy/verdict.h"
#include "xfergate/config.h"
#include "xfergate/e164.h"

/* A parsed URI. Strings may not be NULL; "" if the URI has no such part. */
struct refer_uri {
	const char *scheme; /* "sip", "tel", …, any case */
	const char *user;   /* unescaped; of tel: the number */
	const char *host;   /* IPv6 without brackets */
	const char *method; /* of ;method= */
	uint16_t port;
	bool user_phone; /* ;user=phone */
};

enum destination_kind {
	DESTINATION_PLAN,
	DESTINATION_NUMBER,
	DESTINATION_SIP,
};

struct destination {
	uint8_t kind;			/* enum destination_kind */
	uint32_t plan;			/* index; XF_NONE otherwise */
	char number[E164_TEXT_MAX + 1]; /* as written, to be read by dial_number */
	char user[128], host[256];	/* of a SIP target; host IPv6 without brackets */
	uint16_t port;
};

/* In this order: (1) user part plan-NAME: that plan, if it is of the agent's owner and in its may.plans; (2) tel:,
 * user=phone, or a number as user part with a host that is ours, the agent's or a provider's: a telephone number; (3)
 * any other host: a SIP target. Refused with 403 (plan) or 400. Embedded headers are never looked at. by_operator: any
 * plan of the agent's owner. */
bool refer_to_read(struct destination *destination, const struct config *config, uint32_t agent, bool by_operator,
		   const struct refer_uri *uri, struct verdict *verdict);

/* What an operator gives as --to: "+12025550143", "(202) 555-0143", "tel:…", "sip:user@host:port". */
bool refer_to_read_text(struct destination *destination, const struct config *config, uint32_t agent, const char *text,
			struct verdict *verdict);

/* A plan by its name. */
bool refer_to_read_plan(struct destination *destination, const struct config *config, uint32_t agent, bool by_operator,
			const char *name, struct verdict *verdict);
