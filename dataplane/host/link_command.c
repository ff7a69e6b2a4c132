#include "link_command.h"

#include <errno.h>
#include <string.h>
#include "clock.h"
#include "link_stats.h"
#include "log.h"

static void link_command_ack(struct host *host, uint64_t connection, uint32_t sequence, int result, uint32_t detail,
			     uint64_t now_ns)
{
	struct xf_link_ack ack = {.result = result, .detail = detail, .now_ns = now_ns};

	link_server_send(&host->link, connection, XF_LINK_ACK, sequence, &ack, sizeof(ack));
}

/* Answers at once what takes effect at once, or was refused. */
static void link_command_answer(struct host *host, const struct link_view *view, int result, uint32_t detail)
{
	link_command_ack(host, host->link.connection, view->sequence, result, detail, clock_now_ns());
}

static void link_command_done(struct command_item *item, void *arg)
{
	const struct command *command = &item->command;

	link_command_ack(arg, item->connection, command->sequence, command->result, command->detail, command->now_ns);
}

static void link_command_committed(uint32_t sequence, uint64_t connection, uint64_t now_ns, void *arg)
{
	link_command_ack(arg, connection, sequence, 0, 0, now_ns);
}

static void link_command_orphan(const struct xf_endpoint_id *id, void *arg)
{
	struct host *host = arg;
	struct xf_link_event event = {.id = *id, .event = XF_EVENT_CLOSED_ORPHAN, .now_ns = clock_now_ns()};

	log_info("orphan-closed", "endpoint=%u generation=%u", id->index, id->generation);
	if (host->link.greeted)
		link_server_send(&host->link, host->link.connection, XF_LINK_EVENT, 0, &event, sizeof(event));
}

void link_command_init(struct host *host)
{
	host->link.command = link_command;
	host->link.arg = host;
	host->sources.committed = link_command_committed;
	host->sources.arg = host;
	host->endpoints.orphan_closed = link_command_orphan;
	host->endpoints.arg = host;
}

static struct endpoints_answer link_command_later(struct host *host, const struct link_view *view)
{
	return (struct endpoints_answer){link_command_done, host, view->sequence, host->link.connection};
}

static void link_command_hello(struct host *host, const struct link_view *view)
{
	const struct xf_link_hello *hello = view->body;
	struct xf_link_hello_ok ok = {
	    .version = XF_LINK_VERSION,
	    .generation_last = host->endpoints.generation_last,
	    .instance = host->instance,
	    .now_ns = clock_now_ns(),
	    .workers = (uint16_t)host->lcores.count,
	    .ports = (uint16_t)host->config->port_count,
	    .media_addrs = (uint16_t)host->flows->media_count,
	};

	if (hello->version != XF_LINK_VERSION || host->link.greeted) {
		log_warning("link-hello-refused", "version=%u ours=%u again=%s", hello->version, XF_LINK_VERSION,
			    host->link.greeted ? "yes" : "no");
		link_command_answer(host, view, -EPROTO, 0);
		link_server_hang_up(&host->link);
		return;
	}
	memcpy(ok.media_addr, host->flows->media, sizeof(ok.media_addr[0]) * host->flows->media_count);
	host->link.greeted = true;
	/* What a control plane before this one had admitted nobody would ever withdraw; this one admits its own. */
	if (hello->instance != host->endpoints.instance)
		admitted_clear(host->admitted);
	endpoints_hello(&host->endpoints, hello->instance, ok.now_ns);
	log_info("link-hello", "connection=%lu instance=%016lx endpoints=%u", (unsigned long)host->link.connection,
		 (unsigned long)hello->instance, host->endpoints.open_count);
	link_server_send(&host->link, host->link.connection, XF_LINK_HELLO_OK, view->sequence, &ok, sizeof(ok));
}

static void link_command_sources_begin(struct host *host, const struct link_view *view)
{
	link_command_answer(host, view, sources_begin(&host->sources), 0);
}

static void link_command_source_add(struct host *host, const struct link_view *view)
{
	link_command_answer(host, view, sources_add(&host->sources, view->body), 0);
}

static void link_command_sources_commit(struct host *host, const struct link_view *view)
{
	int r = sources_commit(&host->sources, view->sequence, host->link.connection);

	if (r < 0)
		link_command_answer(host, view, r, 0);
}

/* An address that is not canonical could never be found again. */
static int link_command_check_addr(const struct xf_addr *addr)
{
	struct xf_addr canonical;

	if (addr->family != 4 && addr->family != 6)
		return -EINVAL;
	canonical = addr->family == 4 ? xf_addr_v4(addr->bytes) : xf_addr_v6(addr->bytes);
	return xf_addr_eq(&canonical, addr) ? 0 : -EINVAL;
}

static void link_command_admit(struct host *host, const struct link_view *view)
{
	const struct xf_link_admit *admit = view->body;
	int r = link_command_check_addr(&admit->addr);

	link_command_answer(host, view, r < 0 ? r : admitted_add(host->admitted, &admit->addr), 0);
}

static void link_command_withdraw(struct host *host, const struct link_view *view)
{
	const struct xf_link_admit *admit = view->body;
	int r = link_command_check_addr(&admit->addr);

	link_command_answer(host, view, r < 0 ? r : admitted_del(host->admitted, &admit->addr), 0);
}

static void link_command_open(struct host *host, const struct link_view *view)
{
	struct endpoints_answer later = link_command_later(host, view);
	int r = endpoints_open(&host->endpoints, view->body, &later);

	if (r < 0)
		link_command_answer(host, view, r, 0);
}

static void link_command_update(struct host *host, const struct link_view *view)
{
	struct endpoints_answer later = link_command_later(host, view);
	int r = endpoints_update(&host->endpoints, view->body, &later);

	if (r < 0)
		link_command_answer(host, view, r, 0);
}

static void link_command_close(struct host *host, const struct link_view *view)
{
	const struct xf_link_close *body = view->body;
	struct endpoints_answer later = link_command_later(host, view);
	int r = endpoints_close(&host->endpoints, &body->id, &later);

	if (r < 0)
		link_command_answer(host, view, r, 0);
}

static void link_command_patch(struct host *host, const struct link_view *view)
{
	struct endpoints_answer later = link_command_later(host, view);
	uint32_t bad;
	int r = endpoints_patch(&host->endpoints, view->body, &later, &bad);

	if (r < 0)
		link_command_answer(host, view, r, bad);
}

static void link_command_dump(struct host *host, const struct link_view *view)
{
	const struct xf_link_dump *dump = view->body;
	const size_t row = xf_link_record_size(sizeof(struct xf_endpoint_state));
	const size_t rows_max = (XF_LINK_PACKET_MAX - xf_link_record_size(sizeof(struct xf_link_ack))) / row;
	const struct endpoints *endpoints = &host->endpoints;
	size_t rows = 0;
	uint32_t i;

	/* Rows and their ACK in one packet: what stands gathered goes out first. */
	link_server_flush(&host->link);
	for (i = dump->index_first; i < endpoints->slot_count; i++) {
		const struct endpoint_entry *entry = endpoints->slots[i].entry;
		struct xf_endpoint_state state;
		if (entry == NULL || entry->closing)
			continue;
		if (rows++ == rows_max)
			break;
		endpoint_state(entry->endpoint, &state);
		link_server_send(&host->link, host->link.connection, XF_LINK_ENDPOINT, view->sequence, &state,
				 sizeof(state));
	}
	link_command_answer(host, view, i < endpoints->slot_count ? 1 : 0, i < endpoints->slot_count ? i : 0);
}

static void link_command_stats(struct host *host, const struct link_view *view)
{
	link_stats_send(host, view->sequence);
	link_command_answer(host, view, 0, 0);
}

void link_command(const struct link_view *view, void *arg)
{
	static void (*const commands[])(struct host *, const struct link_view *) = {
	    [XF_LINK_HELLO] = link_command_hello,
	    [XF_LINK_SOURCES_BEGIN] = link_command_sources_begin,
	    [XF_LINK_SOURCE_ADD] = link_command_source_add,
	    [XF_LINK_SOURCES_COMMIT] = link_command_sources_commit,
	    [XF_LINK_ADMIT] = link_command_admit,
	    [XF_LINK_WITHDRAW] = link_command_withdraw,
	    [XF_LINK_OPEN] = link_command_open,
	    [XF_LINK_UPDATE] = link_command_update,
	    [XF_LINK_CLOSE] = link_command_close,
	    [XF_LINK_PATCH] = link_command_patch,
	    [XF_LINK_DUMP] = link_command_dump,
	    [XF_LINK_STATS] = link_command_stats,
	};

	/* link_record_check lets only these through. */
	commands[view->type](arg, view);
}
