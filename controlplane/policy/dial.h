/* A telephone number before it is dialled: everything that policy has to say about it, in one decision. */
#pragma once

#include "policy/number.h"
#include "policy/verdict.h"
#include "xfergate/config.h"

/* Who wants to dial what. */
struct dial_wish {
	const char *text;		    /* the number as written */
	const struct config_target *target; /* of the plan that names it; NULL: the agent or an operator named it */
	uint32_t agent;			    /* index: the call's agent; its owner is the transfer's */
	bool by_operator;		    /* the guard has no say */
	const char *dialled;		    /* E.164 that the caller dialled */
	uint32_t call_provider;		    /* index: over which the call came in */
	const char *caller_id;		    /* an operator's choice, E.164 or "dialled"; NULL: by plan and agent */
};

struct dial {
	struct number number;	     /* with its warning */
	uint32_t provider;	     /* over which it goes: the plan's, else the agent's, else the call's */
	char caller_id[E164_STRLEN]; /* shown to the target */
};

/* In this order: the provider is of the agent's owner; the number can be read; the guard lets the agent call it (a
 * plan's number is the operator's choice); there is a caller ID and it may be shown there. */
bool dial_number(struct dial *dial, const struct config *config, const struct dial_wish *wish, struct verdict *verdict);
