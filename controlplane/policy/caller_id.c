#include "policy/caller_id.h"

#include <string.h>
#include "xfergate/fault.h"

static const char *caller_id_of(const char *said, const char *dialled)
{
	return said && strcmp(said, "dialled") == 0 ? dialled : said;
}

const char *caller_id_choose(const struct config *config, const struct config_target *target, uint32_t agent,
			     const char *dialled)
{
	if (target && target->caller_id)
		return caller_id_of(target->caller_id, dialled);
	if (agent < config->agent_count)
		return caller_id_of(config->agents[agent].caller_id, dialled);
	return NULL;
}

const char *caller_id_choose_sip(const struct config_target *target, const char *dialled, const char *caller)
{
	return target && target->caller_id ? caller_id_of(target->caller_id, dialled) : caller;
}

static const struct config_number *caller_id_find(const struct config *config, const char *e164_text)
{
	for (uint32_t i = 0; i < config->number_count; i++)
		if (strcmp(config->numbers[i].number, e164_text) == 0)
			return &config->numbers[i];
	return NULL;
}

static bool caller_id_authorised(const struct config_number *number, uint32_t provider)
{
	for (uint32_t i = 0; i < number->provider_count; i++)
		if (number->providers[i] == provider)
			return true;
	return provider == XF_NONE;
}

bool caller_id_check(const struct config *config, const char *e164_text, uint32_t provider, const char *owner,
		     struct verdict *verdict)
{
	if (!e164_text || !e164_text[0])
		return verdict_refuse(
		    verdict, 403,
		    "no caller ID: set caller-id of the plan or the agent to a registered number or dialled");
	const struct config_number *number = caller_id_find(config, e164_text);
	if (XF_FAULT("any-caller-id"))
		return verdict_allow(verdict);
	if (!number || strcmp(number->owner, owner) != 0)
		return verdict_refuse(
		    verdict, 403, "caller ID %.20s is not registered as a number of %.64s: add it to numbers[]%s%.64s",
		    e164_text, owner[0] ? owner : "this gateway", owner[0] ? " with owner: " : "", owner);
	if (!number->verified)
		return verdict_refuse(
		    verdict, 403, "caller ID %s is not verified: set its verified: operator in numbers[] once it is",
		    e164_text);
	if (!number->active)
		return verdict_refuse(verdict, 403, "caller ID %s is not active: set its active: true in numbers[]",
				      e164_text);
	if (!caller_id_authorised(number, provider))
		return verdict_refuse(
		    verdict, 403, "caller ID %s is not authorised at provider %.64s: add it to numbers[].providers",
		    e164_text, provider < config->provider_count ? config->providers[provider].name : "?");
	return verdict_allow(verdict);
}
