/* `xfergate show screen`: what the dataplane's screen let pass and dropped, by peer, by rule and by
 * address outside the source table. */
#include "handlers.h"
#include "row.h"
#include "xfergate/counter_rows.h"
#include "xfergate/signature.h"

static void screen_peer_names(struct row *row, const struct config *config, uint32_t peer)
{
	if (peer < config->provider_count) {
		row_text(row, "peer", config->providers[peer].name);
		row_text(row, "role", xf_role_name(XF_ROLE_PROVIDER));
	} else if (peer < config_peer_count(config)) {
		row_text(row, "peer", config->agents[peer - config->provider_count].name);
		row_text(row, "role", xf_role_name(XF_ROLE_AGENT));
	} else {
		/* Admitted addresses, or a peer of another configuration than ours. */
		row_null(row, "peer");
		row_text_or_null(row, "role", peer == XF_PEER_TARGETS ? xf_role_name(XF_ROLE_TARGET) : NULL);
	}
}

static json_t *screen_peer(const struct config *config, const struct xf_link_peer *peer)
{
	struct row row, drops;
	row_init(&row);
	screen_peer_names(&row, config, peer->peer);
#define X(field) row_count(&row, #field, peer->field);
	XF_PEER_COUNTERS(X)
#undef X
	row_init(&drops);
	for (unsigned d = 0; d < XF_SCREEN_DROP_COUNT; d++)
		row_count(&drops, xf_drop_name(XF_DROP_SCREEN_FIRST + d), peer->drops[d]);
	row_set(&row, "drops", row_take(&drops));
	return row_take(&row);
}

static json_t *screen_rule(const struct xf_link_signature *rule)
{
	struct row row;
	char id[sizeof(rule->id) + 1] = "";
	json_t *places = json_array();
	memcpy(id, rule->id, sizeof(rule->id));
	for (unsigned place = 0; place < SIGNATURE_PLACE_COUNT; place++)
		if (rule->places >> place & 1)
			json_array_append_new(places, json_string(signature_place_name(place)));
	row_init(&row);
	row_text(&row, "id", id);
	row_text(&row, "action", signature_action_name(rule->action));
	row_set(&row, "places", places);
	row_count(&row, "line", rule->line);
	row_count(&row, "hits", rule->hits);
	row_count(&row, "hits_per_s", rule->hits_per_s);
	return row_take(&row);
}

/* An IPv4 address by itself, IPv6 as a block. */
static json_t *screen_stranger(const struct xf_link_stranger *stranger)
{
	struct row row;
	char text[XF_SOCKADDR_STRLEN];
	row_init(&row);
	if (stranger->block.addr.family == 4)
		row_addr(&row, "address", &stranger->block.addr);
	else
		row_text(&row, "address", xf_prefix_format(&stranger->block, text));
	row_count(&row, "drops", stranger->drops);
	row_count(&row, "dropped_per_s", stranger->drops_per_s);
	row_count(&row, "error", stranger->error);
	return row_take(&row);
}

static json_t *screen_scanned(const struct xf_link_screen *screen)
{
	struct row row;
	row_init(&row);
	for (unsigned verdict = 0; verdict < SIP_SCAN_VERDICT_COUNT; verdict++)
		row_count(&row, sip_scan_verdict_name(verdict), screen->scanned[verdict]);
	return row_take(&row);
}

void screen_row(struct api *api, struct ask *ask, enum xf_link_type type, const void *data)
{
	const struct xf_link_screen *screen = data;
	if (type == XF_LINK_PEER) {
		json_array_append_new(json_object_get(ask->rows, "peers"), screen_peer(api->config, data));
	} else if (type == XF_LINK_SIGNATURE) {
		json_array_append_new(json_object_get(ask->rows, "rules"), screen_rule(data));
	} else if (type == XF_LINK_STRANGER) {
		json_array_append_new(json_object_get(ask->rows, "strangers"), screen_stranger(data));
	} else if (type == XF_LINK_SCREEN) {
		json_object_set_new(ask->rows, "scanned", screen_scanned(screen));
		json_object_set_new(ask->rows, "reloads", json_integer((json_int_t)screen->reloads));
	}
}

void screen_show(struct api *api, struct ask *ask, const json_t *params)
{
	struct row row;
	row_init(&row);
	row_text_or_null(&row, "signatures", api->config->screen.signatures);
	row_count(&row, "reloads", 0);
	row_set(&row, "scanned", json_object());
	row_set(&row, "peers", json_array());
	row_set(&row, "rules", json_array());
	row_set(&row, "strangers", json_array());
	ask->rows = row_take(&row);
	question_ask(api, ask, QUESTION_STATS);
}
