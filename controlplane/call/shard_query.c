/* The shard as others may look at it. */
#include "call/shard.h"
#include "policy/number.h"

#include <errno.h>

const struct call *shard_call(const struct shard *shard, uint64_t id)
{
	return pool_get(&shard->calls, id);
}

const struct leg *shard_leg(const struct shard *shard, uint64_t id)
{
	return pool_get(&shard->legs, id);
}

static unsigned finished_at(const struct shard *shard, unsigned i)
{
	return (shard->finished_next + i) % SHARD_FINISHED_MAX; /* oldest first */
}

const struct transfer *shard_transfer(const struct shard *shard, uint64_t id)
{
	const struct transfer *transfer = pool_get(&shard->transfers, id);
	for (unsigned i = 0; !transfer && i < SHARD_FINISHED_MAX; i++)
		if (shard->finished[i] && shard->finished[i]->id == id)
			transfer = shard->finished[i];
	return transfer;
}

const struct call *shard_next_call(const struct shard *shard, const struct call *call)
{
	uint32_t at = call ? pool_slot_of(call->id) + 1 : 0;
	return pool_walk(&shard->calls, &at);
}

const struct transfer *shard_next_transfer(const struct shard *shard, const struct transfer *transfer)
{
	unsigned i = 0;
	uint32_t at = 0;
	if (transfer && transfer->state != TRANSFER_DONE) {
		at = pool_slot_of(transfer->id) + 1;
	} else if (transfer) {
		while (i < SHARD_FINISHED_MAX && shard->finished[finished_at(shard, i)] != transfer)
			i++;
		i++;
	}
	if (!transfer || transfer->state != TRANSFER_DONE) {
		const struct transfer *open = pool_walk(&shard->transfers, &at);
		if (open)
			return open;
	}
	for (; i < SHARD_FINISHED_MAX; i++)
		if (shard->finished[finished_at(shard, i)])
			return shard->finished[finished_at(shard, i)];
	return NULL;
}

static bool has_call_id(const struct shard *shard, const struct call *call, const char *text)
{
	const uint64_t ids[] = {call->caller_leg, call->agent_leg, call->target_leg};
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		const struct leg *leg = shard_leg(shard, ids[i]);
		if (leg && strcmp(leg->call_id, text) == 0)
			return true;
	}
	return false;
}

const struct call *shard_find_call(const struct shard *shard, const char *text, char *why, size_t why_size)
{
	const struct call *found = NULL;
	unsigned callers = 0;
	for (const struct call *call = NULL; (call = shard_next_call(shard, call));)
		if (strcmp(call->text_id, text) == 0 || has_call_id(shard, call, text))
			return call;
	for (const struct call *call = NULL; (call = shard_next_call(shard, call));) {
		struct number number;
		struct verdict verdict;
		char *region = shard->config->providers[call->provider].region;
		bool same = strcmp(call->caller_number, text) == 0 ||
			    (number_read(&number, text, &region, 1, CONFIG_VALIDITY_POSSIBLE, &verdict) &&
			     strcmp(number.e164.text, call->caller_number) == 0);
		if (same) {
			found = call;
			callers++;
		}
	}
	if (callers == 1)
		return found;
	if (callers > 1)
		snprintf(why, why_size,
			 "%u calls are from that number: name one by its id, as 'xfergate show calls' has it", callers);
	else
		snprintf(why, why_size,
			 "no such call: give an id or a Call-ID of 'xfergate show calls', or a caller's number");
	return NULL;
}

void shard_counts(const struct shard *shard, struct shard_counts *counts)
{
	*counts = shard->counts;
	counts->calls = shard->calls.count;
	counts->legs = shard->legs.count;
	counts->transfers = shard->transfers.count;
}

const struct sip_stack *shard_sip(const struct shard *shard)
{
	return shard->sip;
}

int shard_hangup(struct shard *shard, uint64_t id, const char *reason)
{
	struct call *call = shard_get_call(shard, id);
	if (!call)
		return -ENOENT;
	call_note(call, CALL_EVENT_HANGUP);
	if (call->state == CALL_ENDING)
		return -EALREADY;
	call_end(call, 480, reason && *reason ? reason : "ended by an operator");
	return 0;
}

int shard_transfer_start(struct shard *shard, uint64_t id, const char *to, const char *plan, const char *caller_id,
			 uint64_t *out, char *why, size_t why_size)
{
	struct call *call = shard_get_call(shard, id);
	uint32_t index = XF_NONE;
	if (!call) {
		snprintf(why, why_size, "no such call");
		return 404;
	}
	if (call->transfer) {
		snprintf(why, why_size, "a transfer of this call is under way: wait for its end, or hang the call up");
		return 491;
	}
	if (call->state != CALL_AGENT && call->state != CALL_TARGET) {
		snprintf(why, why_size, "the call is %s: it can be transferred once caller and agent talk",
			 call_state_name(call->state));
		return 403;
	}
	if (call->state == CALL_TARGET) {
		snprintf(why, why_size,
			 "the caller has been transferred already: a call is transferred once, from its agent");
		return 403;
	}
	for (uint32_t i = 0; plan && i < shard->config->plan_count; i++)
		if (strcmp(shard->config->plans[i].name, plan) == 0)
			index = i;
	if (plan && index == XF_NONE) {
		snprintf(why, why_size, "no plan %.64s: 'xfergate show plans' lists them", plan);
		return 404;
	}
	struct transfer *transfer = transfer_create(call, TRANSFER_FROM_OPERATOR);
	if (!transfer) {
		snprintf(why, why_size, "out of memory");
		return 500;
	}
	int status = plan ? transfer_plan_set(transfer, index, why, why_size)
			  : transfer_operator_set(transfer, to, caller_id, why, why_size);
	if (status) {
		shard->counts.transfers_refused++;
		transfer_discard(transfer);
		return status;
	}
	*out = transfer->id;
	transfer_start(transfer);
	return 0;
}
