/* Rows of `xfergate show plans`. */
#include "handlers.h"
#include "row.h"

const char *plans_target_name(unsigned type)
{
	static const char *const names[] = {
	    [CONFIG_TARGET_NUMBER] = "number",
	    [CONFIG_TARGET_SIP] = "sip",
	    [CONFIG_TARGET_AGENT] = "agent",
	    [CONFIG_TARGET_HANGUP] = "hang-up",
	    [CONFIG_TARGET_ANNOUNCEMENT] = "announcement",
	};
	return type <= CONFIG_TARGET_ANNOUNCEMENT ? names[type] : "unknown";
}

static json_t *target_row(const struct config *config, const struct config_target *target)
{
	bool rings = target->type == CONFIG_TARGET_NUMBER || target->type == CONFIG_TARGET_SIP;
	struct row row;
	row_init(&row);
	row_text(&row, "type", plans_target_name(target->type));
	row_uri(&row, "destination", target->sound ? target->sound : target->destination);
	row_text_or_null(&row, "caller_id", target->caller_id);
	row_text_or_null(&row, "provider", rings ? name_provider(config, target->provider) : NULL);
	row_text_or_null(&row, "network", rings ? name_network(config, target->network) : NULL);
	row_text_or_null(&row, "region", target->region);
	if (rings)
		row_milliseconds(&row, "ring_s", target->ring_ms);
	else
		row_null(&row, "ring_s");
	return row_take(&row);
}

void plans_show(struct api *api, struct ask *ask, const json_t *params)
{
	json_t *rows = json_array();
	for (uint32_t i = 0; i < api->config->plan_count; i++) {
		const struct config_plan *plan = &api->config->plans[i];
		json_t *targets = json_array();
		struct row row;
		for (uint32_t k = 0; k < plan->target_count && k < CONFIG_TARGETS_MAX; k++)
			targets = rows_add(targets, target_row(api->config, &plan->targets[k]));
		row_init(&row);
		row_text(&row, "name", plan->name);
		row_text_or_null(&row, "owner", plan->owner);
		row_set(&row, "targets", targets);
		rows = rows_add(rows, row_take(&row));
	}
	ask_answer(api, ask, rows);
}
