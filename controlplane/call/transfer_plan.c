/* Which targets a transfer has, and whether policy lets them be called: all of it before anything is dialled. */
#include "call/shard.h"
#include "policy/caller_id.h"
#include "policy/dial.h"
#include "policy/guard.h"
#include "policy/number.h"
#include "policy/refer_to.h"

static struct transfer_attempt *add(struct transfer *transfer, unsigned type, uint32_t ring_ms)
{
	struct transfer_attempt *attempt = &transfer->attempts[transfer->attempt_count++];
	*attempt = (struct transfer_attempt){.type = (uint8_t)type,
					     .provider = XF_NONE,
					     .network = XF_NONE,
					     .ring_ms = ring_ms ? ring_ms : transfer->shard->config->ring_ms};
	return attempt;
}

static int refused(const struct verdict *verdict, char *why, size_t why_size)
{
	snprintf(why, why_size, "%s", verdict->reason);
	return verdict->sip_code;
}

static int add_number(struct transfer *transfer, const char *text, const struct config_target *target, bool by_operator,
		      const char *caller_id, char *why, size_t why_size)
{
	struct shard *shard = transfer->shard;
	const struct call *call = shard_get_call(shard, transfer->call);
	struct dial_wish wish = {.text = text,
				 .target = target,
				 .agent = call->agent,
				 .by_operator = by_operator,
				 .dialled = call->dialled_number,
				 .call_provider = call->provider,
				 .caller_id = caller_id};
	struct dial dial;
	struct verdict verdict;
	char quoted[192];
	if (!dial_number(&dial, shard->config, &wish, &verdict))
		return refused(&verdict, why, why_size);
	if (*dial.number.warning)
		log_event(shard->env, LOG_LEVEL_WARNING,
			  "call=%s transfer=%s event=number-doubtful number=%s reason=%s", call->text_id,
			  transfer->text_id, dial.number.e164.text,
			  log_quote(quoted, sizeof(quoted), dial.number.warning));
	struct transfer_attempt *attempt = add(transfer, CONFIG_TARGET_NUMBER, target ? target->ring_ms : 0);
	snprintf(attempt->destination, sizeof(attempt->destination), "%s", dial.number.e164.text);
	snprintf(attempt->caller_id, sizeof(attempt->caller_id), "%s", dial.caller_id);
	attempt->provider = dial.provider;
	return 0;
}

/* caller_id: E.164 of ours that the target sees, or NULL: the caller's own number. */
static int add_sip(struct transfer *transfer, const char *uri, const char *host, const struct config_target *target,
		   uint32_t guarded_agent, const char *caller_id, char *why, size_t why_size)
{
	struct shard *shard = transfer->shard;
	const struct call *call = shard_get_call(shard, transfer->call);
	struct verdict verdict;
	struct xf_addr addr;
	if (!guard_host(shard->config, guarded_agent, host, &verdict))
		return refused(&verdict, why, why_size);
	if (xf_addr_parse(&addr, host) == 0 && !guard_address(shard->config, guarded_agent, &addr, host, &verdict))
		return refused(&verdict, why, why_size);
	if (caller_id && !caller_id_check(shard->config, caller_id, XF_NONE, call->owner, &verdict))
		return refused(&verdict, why, why_size);
	struct transfer_attempt *attempt = add(transfer, CONFIG_TARGET_SIP, target ? target->ring_ms : 0);
	snprintf(attempt->destination, sizeof(attempt->destination), "%s", uri);
	snprintf(attempt->caller_id, sizeof(attempt->caller_id), "%s", caller_id ? caller_id : "");
	attempt->network = target ? target->network : XF_NONE;
	return 0;
}

static int add_target(struct transfer *transfer, const struct config_target *target, char *why, size_t why_size)
{
	const struct call *call = shard_get_call(transfer->shard, transfer->call);
	switch (target->type) {
	case CONFIG_TARGET_NUMBER:
		return add_number(transfer, target->destination, target, true, NULL, why, why_size);
	case CONFIG_TARGET_SIP: {
		const char *id = !target->caller_id			     ? NULL
				 : strcmp(target->caller_id, "dialled") == 0 ? call->dialled_number
									     : target->caller_id;
		/* The plan is the operator's word, so the agent's list has no say in its targets. */
		return add_sip(transfer, target->uri.text, target->uri.host, target, XF_NONE, id, why, why_size);
	}
	case CONFIG_TARGET_ANNOUNCEMENT: {
		struct transfer_attempt *attempt = add(transfer, target->type, 0);
		snprintf(attempt->destination, sizeof(attempt->destination), "%s", target->sound);
		attempt->ring_ms = target->play_ms;
		return 0;
	}
	default:
		add(transfer, target->type, 0);
		return 0;
	}
}

int transfer_plan_set(struct transfer *transfer, uint32_t index, char *why, size_t why_size)
{
	const struct config_plan *plan = &transfer->shard->config->plans[index];
	const struct call *call = shard_get_call(transfer->shard, transfer->call);
	if (strcmp(plan->owner, call->owner) != 0) {
		snprintf(why, why_size, "plan %s is not of this call's owner", plan->name);
		return 403;
	}
	transfer->plan = index;
	for (uint32_t i = 0; i < plan->target_count; i++) {
		int status = add_target(transfer, &plan->targets[i], why, why_size);
		if (status)
			return status;
	}
	return 0;
}

/* transport: "" or what was asked for; kept, so that one that is not spoken here is refused by name. Nothing else of
 * what stood in the URI is: user, host and port were judged, the rest was not. */
static int set_destination(struct transfer *transfer, const struct destination *to, const char *transport,
			   bool by_operator, const char *caller_id, char *why, size_t why_size)
{
	const struct call *call = shard_get_call(transfer->shard, transfer->call);
	switch (to->kind) {
	case DESTINATION_PLAN:
		return transfer_plan_set(transfer, to->plan, why, why_size);
	case DESTINATION_NUMBER:
		return add_number(transfer, to->number, NULL, by_operator, caller_id, why, why_size);
	default: {
		char text[SIP_URI_MAX], user[SIP_USER_MAX * 3], host[SIP_HOST_MAX + 2], port[8] = "";
		if (to->port)
			snprintf(port, sizeof(port), ":%u", to->port);
		int n = snprintf(text, sizeof(text), "sip:%s%s%s%s%s%s", sip_user_escape(user, sizeof(user), to->user),
				 *to->user ? "@" : "", sip_host_format(host, sizeof(host), to->host), port,
				 *transport ? ";transport=" : "", transport);
		if ((size_t)n >= sizeof(text)) {
			snprintf(why, why_size, "the SIP URI is too long");
			return 400;
		}
		return add_sip(transfer, text, to->host, NULL, by_operator ? XF_NONE : call->agent, caller_id, why,
			       why_size);
	}
	}
}

int transfer_refer_set(struct transfer *transfer, const struct sip_uri *refer_to, char *why, size_t why_size)
{
	char scheme[32];
	struct shard *shard = transfer->shard;
	const struct call *call = shard_get_call(shard, transfer->call);
	snprintf(scheme, sizeof(scheme), "%.*s", (int)strcspn(refer_to->text, ":"), refer_to->text);
	struct refer_uri uri = {.scheme = scheme,
				.user = refer_to->user,
				.host = refer_to->host,
				.method = refer_to->method,
				.port = refer_to->port,
				.user_phone = refer_to->user_phone};
	struct destination destination;
	struct verdict verdict;
	if (!refer_to_read(&destination, shard->config, call->agent, false, &uri, &verdict))
		return refused(&verdict, why, why_size);
	return set_destination(transfer, &destination, refer_to->transport, false, NULL, why, why_size);
}

/* What an operator typed as --caller-id: "dialled", or a number in any spelling that --to takes. */
static int read_caller_id(const struct call *call, const char *text, struct number *number, char *why, size_t why_size)
{
	const struct config *config = call->shard->config;
	struct e164 dialled = {0};
	struct verdict verdict;
	e164_parse(&dialled, call->dialled_number, NULL);
	char *regions[] = {config->agents[call->agent].region, dialled.region};
	if (strcmp(text, "dialled") == 0)
		text = call->dialled_number;
	if (number_read(number, text, regions, 2, CONFIG_VALIDITY_POSSIBLE, &verdict))
		return 0;
	snprintf(why, why_size, "caller ID %.200s", verdict.reason);
	return verdict.sip_code;
}

int transfer_operator_set(struct transfer *transfer, const char *to, const char *caller_id, char *why, size_t why_size)
{
	struct shard *shard = transfer->shard;
	const struct call *call = shard_get_call(shard, transfer->call);
	struct destination destination;
	struct verdict verdict;
	struct number number;
	int status = caller_id ? read_caller_id(call, caller_id, &number, why, why_size) : 0;
	if (status)
		return status;
	if (!refer_to_read_text(&destination, shard->config, call->agent, to, &verdict))
		return refused(&verdict, why, why_size);
	return set_destination(transfer, &destination, "", true, caller_id ? number.e164.text : NULL, why, why_size);
}
