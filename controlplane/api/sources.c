/* Rows of `xfergate show sources`: the configured blocks, with the dataplane's counters of the peer that each belongs
 * to. */
#include "handlers.h"
#include "row.h"

/* ask->rows: object, peer number as text → [passed, dropped]. */
void sources_row(struct ask *ask, const struct xf_link_peer *peer)
{
	char key[8];
	snprintf(key, sizeof(key), "%u", peer->peer);
	json_object_set_new(
	    ask->rows, key,
	    json_pack("[I,I]", (json_int_t)(peer->passed & INT64_MAX), (json_int_t)(peer->dropped & INT64_MAX)));
}

void sources_show(struct api *api, struct ask *ask, const json_t *params)
{
	ask->rows = json_object();
	question_ask(api, ask, QUESTION_STATS);
}

struct source_peer {
	const char *name;
	const char *role;
	const char *owner;
	uint32_t number;
	const struct xf_prefix *blocks;
	uint32_t block_count;
};

static json_t *add_blocks(json_t *rows, const struct ask *ask, const struct source_peer *peer, bool counted)
{
	char key[12], text[XF_SOCKADDR_STRLEN];
	snprintf(key, sizeof(key), "%u", peer->number);
	const json_t *counts = json_object_get(ask->rows, key);
	for (uint32_t i = 0; i < peer->block_count; i++) {
		struct row row;
		row_init(&row);
		row_text(&row, "block", xf_prefix_format(&peer->blocks[i], text));
		row_text(&row, "role", peer->role);
		row_text(&row, "peer", peer->name);
		row_text_or_null(&row, "owner", peer->owner);
		if (counted) {
			row_count(&row, "passed", (uint64_t)json_integer_value(json_array_get(counts, 0)));
			row_count(&row, "dropped", (uint64_t)json_integer_value(json_array_get(counts, 1)));
		} else {
			row_null(&row, "passed");
			row_null(&row, "dropped");
		}
		rows = rows_add(rows, row_take(&row));
	}
	return rows;
}

void sources_done(struct api *api, struct ask *ask, bool counted)
{
	const struct config *config = api->config;
	json_t *rows = json_array();
	for (uint32_t i = 0; i < config->provider_count; i++) {
		const struct config_provider *provider = &config->providers[i];
		struct source_peer peer = {.name = provider->name,
					   .role = xf_role_name(XF_ROLE_PROVIDER),
					   .owner = provider->owner,
					   .number = config_peer_of_provider(config, i),
					   .blocks = provider->sources,
					   .block_count = provider->source_count};
		rows = add_blocks(rows, ask, &peer, counted);
	}
	for (uint32_t i = 0; i < config->agent_count; i++) {
		const struct config_agent *agent = &config->agents[i];
		struct source_peer peer = {.name = agent->name,
					   .role = xf_role_name(XF_ROLE_AGENT),
					   .owner = agent->owner,
					   .number = config_peer_of_agent(config, i),
					   .blocks = agent->sources,
					   .block_count = agent->source_count};
		rows = add_blocks(rows, ask, &peer, counted);
	}
	ask_answer(api, ask, rows);
}
