#include "call/shard.h"
#include "call/table.h"

#define CAN(event) [CALL_EVENT_##event] = true

/* What is not named cannot be. Legs that were released tell their call nothing more: so an agent's INVITE matters while
 * the call arrives only, and a target's while a transfer is under way only. */
static const bool possible[CALL_STATE_COUNT][CALL_EVENT_COUNT] = {
    [CALL_ARRIVING] =
	{
	    CAN(AGENT_PROGRESS),
	    CAN(AGENT_ANSWERED),
	    CAN(AGENT_FAILED),
	    CAN(AGENT_RINGS_TOO_LONG),
	    CAN(AGENT_GONE),	  /* the dataplane has lost its endpoint */
	    CAN(TARGET_PROGRESS), /* the agent has failed, and a plan is tried */
	    CAN(TARGET_ANSWERED),
	    CAN(TARGET_FAILED),
	    CAN(TARGET_GONE), /* before it was connected */
	    CAN(CALLER_GONE),
	    CAN(HANGUP),
	    CAN(TOO_LONG), /* a target answered and could not be connected, another one is tried */
	    CAN(TRANSFER_STARTED),
	    CAN(TRANSFER_FINISHED),
	},
    [CALL_AGENT] =
	{
	    CAN(AGENT_GONE), CAN(AGENT_LOST), CAN(CALLER_GONE), CAN(HANGUP), CAN(TOO_LONG), CAN(TRANSFER_STARTED),
	    CAN(TRANSFER_FINISHED), /* it brought the caller back */
	},
    [CALL_TRANSFERRING] =
	{
	    CAN(AGENT_GONE),
	    CAN(TARGET_PROGRESS),
	    CAN(TARGET_ANSWERED),
	    CAN(TARGET_FAILED),
	    CAN(TARGET_GONE),
	    CAN(CALLER_GONE),
	    CAN(HANGUP),
	    CAN(TOO_LONG),
	    CAN(TRANSFER_FINISHED),
	},
    [CALL_TARGET] =
	{
	    CAN(AGENT_GONE), /* while it is told that its transfer is done */
	    CAN(TARGET_GONE),
	    CAN(CALLER_GONE),
	    CAN(HANGUP),
	    CAN(TOO_LONG),
	    CAN(TRANSFER_FINISHED),
	},
    [CALL_ENDING] =
	{
	    CAN(AGENT_GONE), /* likewise */
	    CAN(HANGUP),
	    CAN(TRANSFER_FINISHED),
	},
};

static const char *call_event_name(unsigned event)
{
	static const char *const names[] = {
#define X(symbol, name) name,
	    CALL_EVENTS(X)
#undef X
	};
	return event < CALL_EVENT_COUNT ? names[event] : "unknown";
}

void call_note(const struct call *call, enum call_event event)
{
	call->shard->call_visits[call->state][event]++;
	if (!possible[call->state][event])
		log_event(call->shard->env, LOG_LEVEL_ERROR, "call=%s event=impossible state=%s input=%s",
			  call->text_id, call_state_name(call->state), call_event_name(event));
}

void shard_tables(const struct shard *shard, void (*each)(void *arg, const struct shard_cell *cell), void *arg)
{
	for (unsigned s = 0; s < CALL_STATE_COUNT; s++)
		for (unsigned e = 0; e < CALL_EVENT_COUNT; e++) {
			struct shard_cell cell = {"call", call_state_name(s), call_event_name(e), possible[s][e],
						  shard->call_visits[s][e]};
			each(arg, &cell);
		}
	for (unsigned s = 0; s < TRANSFER_DONE; s++)
		for (unsigned e = 0; e < TRANSFER_EVENT_COUNT; e++) {
			struct shard_cell cell = {"transfer", transfer_state_name(s), transfer_event_name(e),
						  transfer_can(s, e), shard->transfer_visits[s][e]};
			each(arg, &cell);
		}
}
