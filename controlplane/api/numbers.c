/* Rows of `xfergate show numbers`. */
#include "handlers.h"
#include "row.h"

static json_t *provider_names(const struct config *config, const struct config_number *number)
{
	json_t *names = json_array();
	for (uint32_t i = 0; i < number->provider_count; i++)
		names = rows_add(names, row_string(name_provider(config, number->providers[i])));
	return names;
}

void numbers_show(struct api *api, struct ask *ask, const json_t *params)
{
	json_t *rows = json_array();
	for (uint32_t i = 0; i < api->config->number_count; i++) {
		const struct config_number *number = &api->config->numbers[i];
		struct row row;
		row_init(&row);
		row_text(&row, "number", number->number);
		row_text_or_null(&row, "owner", number->owner);
		row_text_or_null(&row, "verified", number->verified ? "operator" : NULL);
		row_bool(&row, "active", number->active);
		row_set(&row, "providers", provider_names(api->config, number));
		rows = rows_add(rows, row_take(&row));
	}
	ask_answer(api, ask, rows);
}
