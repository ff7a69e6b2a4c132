#include "handlers.h"
#include "row.h"

const char *name_network(const struct config *config, uint32_t network)
{
	return network < config->network_count ? config->networks[network].name : "";
}

const char *name_provider(const struct config *config, uint32_t provider)
{
	return provider < config->provider_count ? config->providers[provider].name : "";
}

const char *name_agent(const struct config *config, uint32_t agent)
{
	return agent < config->agent_count ? config->agents[agent].name : "";
}

const char *name_plan(const struct config *config, uint32_t plan)
{
	return plan < config->plan_count ? config->plans[plan].name : "";
}

void name_prompt(struct row *row, const char *key, uint32_t number, const char *name)
{
	if (number == XF_PROMPT_NONE)
		row_null(row, key);
	else
		row_text(row, key, name ? name : "unknown");
}

void name_feed(struct row *row, const char *key, struct xf_endpoint_id source, const char *prompt)
{
	if (source.index == XF_ENDPOINT_PROMPT)
		name_prompt(row, key, source.generation, prompt);
	else
		row_endpoint(row, key, source);
}

const char *params_text(const json_t *params, const char *name)
{
	return json_string_value(json_object_get(params, name));
}
