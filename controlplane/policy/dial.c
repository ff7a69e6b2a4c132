#include "policy/dial.h"

#include <stdio.h>
#include <string.h>
#include "policy/caller_id.h"
#include "policy/guard.h"

static uint32_t dial_provider(const struct config *config, const struct dial_wish *wish)
{
	if (wish->target && wish->target->provider != XF_NONE)
		return wish->target->provider;
	uint32_t agent_provider = config->agents[wish->agent].provider;
	return agent_provider != XF_NONE ? agent_provider : wish->call_provider;
}

bool dial_number(struct dial *dial, const struct config *config, const struct dial_wish *wish, struct verdict *verdict)
{
	const struct config_agent *agent = &config->agents[wish->agent];
	struct e164 dialled = {0};

	*dial = (struct dial){.provider = dial_provider(config, wish)};
	if (dial->provider >= config->provider_count)
		return verdict_refuse(verdict, 403, "no provider for %.64s: set provider of the plan or the agent",
				      wish->text);
	const struct config_provider *provider = &config->providers[dial->provider];
	if (strcmp(provider->owner, agent->owner) != 0)
		return verdict_refuse(verdict, 403,
				      "provider %.64s is not one of %.64s: set another at the plan or the agent",
				      provider->name, agent->owner[0] ? agent->owner : "those without owner");
	bool read = e164_parse(&dialled, wish->dialled, provider->region) == E164_OK;
	char *regions[] = {wish->target ? wish->target->region : NULL, agent->region, read ? dialled.region : NULL};
	if (!number_read(&dial->number, wish->text, regions, 3, provider->validity, verdict))
		return false;
	uint32_t guarded = wish->by_operator || wish->target ? XF_NONE : wish->agent;
	if (!guard_number(config, guarded, &dial->number.e164, verdict))
		return false;
	const char *caller_id =
	    wish->caller_id && strcmp(wish->caller_id, "dialled") == 0 ? wish->dialled : wish->caller_id;
	if (!caller_id)
		caller_id = caller_id_choose(config, wish->target, wish->agent, wish->dialled);
	if (!caller_id_check(config, caller_id, dial->provider, agent->owner, verdict))
		return false;
	snprintf(dial->caller_id, sizeof(dial->caller_id), "%s", caller_id);
	return true;
}
