#include "show.h"

#include <errno.h>
#include <stdlib.h>
#include "command.h"
#include "show_call.h"
#include "show_screen.h"
#include "show_stages.h"
#include "table.h"
#include "xfergate/drop.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct table_column call_columns[] = {
    {"CALL", "id", table_text},		  {"STATE", "state", table_text},
    {"CALLER", "caller", table_text},	  {"DIALLED", "dialled", table_text},
    {"OWNER", "owner", table_text},	  {"PROVIDER", "provider", table_text},
    {"AGENT", "agent", table_text},	  {"TIME", "duration_s", table_seconds},
    {"TRANSFER", "transfer", table_text}, {"LEGS", "legs", show_call_legs_cell},
};

static const struct table_column transfer_columns[] = {
    {"TRANSFER", "id", table_text},
    {"CALL", "call", table_text},
    {"ORIGIN", "origin", table_text},
    {"STATE", "state", table_text},
    {"RESULT", "result", table_text},
    {"STATUS", "status", table_text},
    {"TIME", "duration_s", table_seconds},
    {"REASON", "reason", table_text},
    {"ATTEMPTS", "attempts", show_call_attempts_cell},
};

static const struct table_column endpoint_columns[] = {
    {"INDEX", "index", table_count},
    {"GEN", "generation", table_count},
    {"CALL", "call", table_text},
    {"ORPHAN", "orphan", table_yes},
    {"LOCAL", "local", table_text},
    {"REMOTE", "remote", table_text},
    {"LOCKED", "locked", table_text},
    {"SOURCE", "source", table_count},
    {"WHILE-SILENT", "while_silent", table_text},
    {"ARMED", "armed", table_count},
    {"PAUSED", "paused", table_yes},
    {"RX", "rx_packets", table_count},
    {"TX", "tx_packets", table_count},
    {"LOST", "rx_lost", table_count},
    {"LONGEST-GAP-S", "gap_longest_s", table_real},
    {"JITTER-MS", "jitter_ms", table_real},
    {"RTT-MS", "rtt_ms", table_real},
    {"MOS", "mos", table_real},
    {"DIGITS", "rx_digits", table_count},
    {"WRONG-SOURCE", "rx_wrong_source", table_count},
    {"DROPPED", "rx_dropped", table_count},
    {"WORKER", "worker", table_count},
    {"SSRC-OUT", "ssrc_out", table_ssrc},
};

static const struct table_column port_columns[] = {
    {"PORT", "name", table_text},
    {"DRIVER", "driver", table_text},
    {"TAP", "tap", table_text},
    {"MAC", "mac", table_text},
    {"UP", "link_up", table_yes},
    {"RX", "rx_packets", table_count},
    {"RX-BYTES", "rx_bytes", table_count},
    {"MISSED", "rx_missed", table_count},
    {"RX-ERRORS", "rx_errors", table_count},
    {"TX", "tx_packets", table_count},
    {"TX-BYTES", "tx_bytes", table_count},
    {"TX-ERRORS", "tx_errors", table_count},
    {"FROM-KERNEL", "tap_in", table_count},
    {"TO-KERNEL", "tap_out", table_count},
};

static const struct table_column source_columns[] = {
    {"BLOCK", "block", table_text}, {"ROLE", "role", table_text},      {"PEER", "peer", table_text},
    {"OWNER", "owner", table_text}, {"PASSED", "passed", table_count}, {"DROPPED", "dropped", table_count},
};

static const struct table_column number_columns[] = {
    {"NUMBER", "number", table_text}, {"OWNER", "owner", table_text},	      {"VERIFIED", "verified", table_text},
    {"ACTIVE", "active", table_yes},  {"PROVIDERS", "providers", table_list},
};

static const struct table_column provider_columns[] = {
    {"PROVIDER", "name", table_text},
    {"OWNER", "owner", table_text},
    {"NETWORK", "network", table_text},
    {"REGION", "region", table_text},
    {"TRUNK", "trunk", table_text},
    {"CREDENTIALS", "credentials", table_text},
    {"NUMBERS", "number_format", table_text},
    {"VALIDITY", "validity", table_text},
    {"MEDIA-SOURCE", "media_source", table_text},
    {"PER-MINUTE", "cost_per_minute", table_text},
    {"CURRENCY", "currency", table_text},
    {"SOURCES", "sources", table_list},
};

static const struct table_column plan_columns[] = {
    {"PLAN", "plan", table_text},
    {"OWNER", "owner", table_text},
    {"#", "place", table_count},
    {"TYPE", "type", table_text},
    {"DESTINATION", "destination", table_text},
    {"CALLER-ID", "caller_id", table_text},
    {"RING", "ring_s", table_seconds},
    {"PROVIDER", "provider", table_text},
    {"NETWORK", "network", table_text},
};

static const struct table_column worker_columns[] = {
    {"WORKER", "worker", table_count},		 {"LCORE", "lcore", table_count},
    {"ENDPOINTS", "endpoints", table_count},	 {"TURNS", "turns", table_count},
    {"BUSY", "busy_turns", table_count},	 {"RX", "rx_packets", table_count},
    {"FORWARDED", "forwarded", table_count},	 {"TO-KERNEL", "to_kernel", table_count},
    {"HANDED-OVER", "handed_over", table_count}, {"EVENTS-LOST", "events_lost", table_count},
    {"OWN-REPORTS", "own_reports", table_count}, {"KEYS-UNTOLD", "keys_untold", table_count},
};

static const struct table_column drop_columns[] = {
    {"DROP", "name", table_text},
    {"PACKETS", "count", table_count},
    {"MEANING", "text", table_text},
};

static int print_rows(const struct view *view, const struct table_column *columns, size_t count, const json_t *rows,
		      const char *none)
{
	if (!json_is_array(rows))
		return -EBADMSG;
	if (json_array_size(rows) == 0) {
		fprintf(view->out, "%s\n", none);
		return 0;
	}
	return table_print(view->out, columns, count, rows, view->width);
}

/* One row a target: the plan's name stands at its first. */
static int print_plans(const struct view *view, const json_t *plans)
{
	json_t *rows = json_array(), *plan, *target;
	size_t i, k;
	if (!json_is_array(plans)) {
		json_decref(rows);
		return -EBADMSG;
	}
	json_array_foreach((json_t *)plans, i, plan)
	{
		json_array_foreach(json_object_get(plan, "targets"), k, target)
		{
			json_t *row = json_copy(target);
			json_object_set_new(row, "place", json_integer((json_int_t)k + 1));
			json_object_set_new(row, "plan",
					    k == 0 ? json_incref(json_object_get(plan, "name")) : json_string(""));
			json_object_set_new(row, "owner",
					    k == 0 ? json_incref(json_object_get(plan, "owner")) : json_string(""));
			json_array_append_new(rows, row);
		}
	}
	int r = print_rows(view, plan_columns, COUNT(plan_columns), rows, "no plans");
	json_decref(rows);
	return r;
}

static const char *drop_text(const char *name)
{
	for (unsigned drop = 0; drop < XF_DROP_COUNT; drop++)
		if (strcmp(xf_drop_name(drop), name) == 0)
			return xf_drop_text(drop);
	return "";
}

static int print_drops(const struct view *view, json_t *drops)
{
	json_t *rows = json_array(), *count;
	const char *name;
	json_object_foreach(drops, name, count)
	{
		if (json_integer_value(count) == 0)
			continue;
		json_array_append_new(
		    rows, json_pack("{s:s,s:O,s:s}", "name", name, "count", count, "text", drop_text(name)));
	}
	int r = print_rows(view, drop_columns, COUNT(drop_columns), rows, "no packet was dropped");
	json_decref(rows);
	return r;
}

/* Every counter of the object, by its own name. */
static int print_counters(const struct view *view, const char *title, json_t *object)
{
	struct table_column columns[64];
	size_t count = 0;
	const char *name;
	json_t *value;
	if (!json_is_object(object))
		return -EBADMSG;
	json_object_foreach(object, name, value)
	{
		if (count < COUNT(columns))
			columns[count++] = (struct table_column){name, name, table_count};
	}
	fprintf(view->out, "%s\n", title);
	int r = table_fields(view->out, columns, count, object, 2);
	fputc('\n', view->out);
	return r;
}

static int print_stats(const struct view *view, const json_t *stats)
{
	int r = print_counters(view, "calls and transfers", json_object_get(stats, "calls"));
	if (r == 0)
		r = print_counters(view, "sip", json_object_get(stats, "sip"));
	if (r == 0)
		r = print_counters(view, "media", json_object_get(stats, "media"));
	if (r == 0)
		r = print_rows(view, worker_columns, COUNT(worker_columns), json_object_get(stats, "workers"),
			       "no workers");
	fputc('\n', view->out);
	return r == 0 ? print_drops(view, json_object_get(stats, "drops")) : r;
}

static int print_dataplane(const struct view *view, const json_t *dataplane)
{
	const json_t *workers = json_object_get(dataplane, "workers");
	int r = print_rows(view, worker_columns, COUNT(worker_columns), workers, "no workers");
	fputc('\n', view->out);
	if (r == 0)
		r = show_stages_print(view, workers);
	fputc('\n', view->out);
	if (r == 0)
		r = print_rows(view, port_columns, COUNT(port_columns), json_object_get(dataplane, "ports"),
			       "no ports");
	fputc('\n', view->out);
	return r == 0 ? print_drops(view, json_object_get(dataplane, "drops")) : r;
}

static int print_version(const struct view *view, const json_t *version)
{
	static const struct table_column columns[] = {
	    {"xfergate", "xfergate", table_text},
	    {"link", "link", table_text},
	    {"libosip2", "libosip2", table_text},
	    {"OpenSSL", "openssl", table_text},
	    {"jansson", "jansson", table_text},
	    {"numbers", "numbering_data", table_text},
	    {"dataplane", "dataplane_connected", table_text},
	    {"uptime", "uptime_s", table_seconds},
	};
	const json_t *made = json_object_get(version, "numbering_data_time");
	if (!json_is_object(version))
		return -EBADMSG;
	int r = table_fields(view->out, columns, COUNT(columns), version, 0);
	if (r == 0 && json_is_integer(made) && view->now_s > json_integer_value(made)) {
		int64_t months = (view->now_s - json_integer_value(made)) / (86400 * 365 / 12);
		fprintf(view->out,
			"\nThe numbering data is %lld years and %lld months old; numbers of newer area codes count as "
			"possible, not as valid.\n",
			(long long)(months / 12), (long long)(months % 12));
	}
	return r;
}

#define ROWS(columns, none) print_rows(view, columns, COUNT(columns), result, none)

int show_print(const struct view *view, unsigned command, const json_t *result)
{
	switch (command) {
	case COMMAND_SHOW_CALLS:
		return ROWS(call_columns, "no calls");
	case COMMAND_SHOW_CALL:
		return show_call_print(view, result);
	case COMMAND_SHOW_TRANSFERS:
		return ROWS(transfer_columns, "no transfers");
	case COMMAND_SHOW_ENDPOINTS:
		return ROWS(endpoint_columns, "no endpoints");
	case COMMAND_SHOW_PORTS:
		return ROWS(port_columns, "no ports");
	case COMMAND_SHOW_SOURCES:
		return ROWS(source_columns, "no sources");
	case COMMAND_SHOW_NUMBERS:
		return ROWS(number_columns, "no numbers");
	case COMMAND_SHOW_PLANS:
		return print_plans(view, result);
	case COMMAND_SHOW_PROVIDERS:
		return ROWS(provider_columns, "no providers");
	case COMMAND_SHOW_DATAPLANE:
		return print_dataplane(view, result);
	case COMMAND_SHOW_SCREEN:
		return show_screen_print(view, result);
	case COMMAND_SHOW_STATS:
		return print_stats(view, result);
	case COMMAND_SHOW_VERSION:
		return print_version(view, result);
	default:
		return -EBADMSG;
	}
}
