/* Rows of `xfergate show providers`. Of credentials only whether they are set. */
#include "handlers.h"
#include "row.h"

static json_t *block_list(const struct config_provider *provider)
{
	json_t *blocks = json_array();
	char text[XF_SOCKADDR_STRLEN];
	for (uint32_t i = 0; i < provider->source_count; i++)
		blocks = rows_add(blocks, json_string(xf_prefix_format(&provider->sources[i], text)));
	return blocks;
}

static json_t *provider_row(const struct config *config, const struct config_provider *provider)
{
	struct row row;
	row_init(&row);
	row_text(&row, "name", provider->name);
	row_text_or_null(&row, "owner", provider->owner);
	row_text_or_null(&row, "network", name_network(config, provider->network));
	row_text_or_null(&row, "region", provider->region);
	row_uri(&row, "trunk", provider->trunk.text);
	row_set(&row, "sources", block_list(provider));
	row_text(&row, "credentials", provider->credentials.username ? "set" : "none");
	row_text_or_null(&row, "realm", provider->credentials.realm);
	row_text(&row, "number_format", provider->number_format == CONFIG_NUMBER_PLAIN ? "plain" : "plus");
	row_text(&row, "validity", provider->validity == CONFIG_VALIDITY_STRICT ? "strict" : "possible");
	row_text(&row, "media_source", provider->strict_source ? "strict" : "learn");
	if (provider->currency && *provider->currency)
		row_set(&row, "cost_per_minute", json_real(provider->cost_per_minute));
	else
		row_null(&row, "cost_per_minute");
	row_text_or_null(&row, "currency", provider->currency);
	return row_take(&row);
}

void providers_show(struct api *api, struct ask *ask, const json_t *params)
{
	json_t *rows = json_array();
	for (uint32_t i = 0; i < api->config->provider_count; i++)
		rows = rows_add(rows, provider_row(api->config, &api->config->providers[i]));
	ask_answer(api, ask, rows);
}
