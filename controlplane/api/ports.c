/* Rows of `xfergate show ports`. */
#include "handlers.h"
#include "row.h"
#include "xfergate/counter_rows.h"

/* From a fixed field that the link should have ended with NUL. */
static void put_name(struct row *row, const char *key, const char *field, size_t size)
{
	char name[32];
	snprintf(name, sizeof(name), "%.*s", (int)strnlen(field, size), field);
	row_text(row, key, name);
}

json_t *ports_part(const struct xf_link_port *port)
{
	struct row row;
	char mac[18];
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", port->mac[0], port->mac[1], port->mac[2],
		 port->mac[3], port->mac[4], port->mac[5]);
	row_init(&row);
	put_name(&row, "name", port->name, sizeof(port->name));
	put_name(&row, "driver", port->driver, sizeof(port->driver));
	put_name(&row, "tap", port->tap, sizeof(port->tap));
	row_text(&row, "mac", mac);
	row_bool(&row, "link_up", port->link_up);
#define X(field) row_count(&row, #field, port->field);
	XF_PORT_COUNTERS(X)
#undef X
	return row_take(&row);
}

void ports_row(struct ask *ask, const struct xf_link_port *port)
{
	ask->rows = rows_add(ask->rows, ports_part(port));
}

void ports_show(struct api *api, struct ask *ask, const json_t *params)
{
	ask->rows = json_array();
	question_ask(api, ask, QUESTION_STATS);
}
