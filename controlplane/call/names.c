#include "call/shard.h"

#define NAMES(function, list, count)                                                                                   \
	const char *function(unsigned value)                                                                           \
	{                                                                                                              \
		static const char *const names[] = {list(NAME)};                                                       \
		return value < (count) ? names[value] : "unknown";                                                     \
	}
#define NAME(symbol, name) name,

NAMES(leg_kind_name, LEG_KINDS, LEG_KIND_COUNT)
NAMES(leg_state_name, LEG_STATES, LEG_STATE_COUNT)
NAMES(call_state_name, CALL_STATES, CALL_STATE_COUNT)
NAMES(transfer_origin_name, TRANSFER_ORIGINS, TRANSFER_ORIGIN_COUNT)
NAMES(transfer_state_name, TRANSFER_STATES, TRANSFER_STATE_COUNT)
NAMES(transfer_result_name, TRANSFER_RESULTS, TRANSFER_RESULT_COUNT)
NAMES(transfer_event_name, TRANSFER_EVENTS, TRANSFER_EVENT_COUNT)
