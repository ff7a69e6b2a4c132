/* Rows of `xfergate show ports`. */
#include "handlers.h"
#include "row.h"

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
	row_count(&row, "rx_packets", port->rx_packets);
	row_count(&row, "rx_bytes", port->rx_bytes);
	row_count(&row, "rx_missed", port->rx_missed);
	row_count(&row, "rx_errors", port->rx_errors);
	row_count(&row, "tx_packets", port->tx_packets);
	row_count(&row, "tx_bytes", port->tx_bytes);
	row_count(&row, "tx_errors", port->tx_errors);
	row_count(&row, "tap_in", port->tap_in);
	row_count(&row, "tap_out", port->tap_out);
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
