#include "policy/route.h"

#include <string.h>

/* 0: does not fit; else the greater the better. */
static unsigned route_fit(const struct config *config, const struct config_route *route, uint32_t provider,
			  const char *e164_text)
{
	bool any_number = strcmp(route->number, "*") == 0;
	const char *owner = config->agents[route->agent].owner;

	if (!any_number && strcmp(route->number, e164_text) != 0)
		return 0;
	if (route->provider != XF_NONE && route->provider != provider)
		return 0;
	if (strcmp(config->providers[provider].owner, owner) != 0)
		return 0;
	return 1 + 2 * !any_number + (route->provider != XF_NONE);
}

uint32_t route_find(const struct config *config, uint32_t provider, const char *e164_text)
{
	uint32_t found = XF_NONE;
	unsigned best = 0;

	if (provider >= config->provider_count)
		return XF_NONE;
	for (uint32_t i = 0; i < config->route_count; i++) {
		unsigned fit = route_fit(config, &config->routes[i], provider, e164_text);
		if (fit > best) {
			best = fit;
			found = i;
		}
	}
	return found;
}
