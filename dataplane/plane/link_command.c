#include "link_command.h"

#include <errno.h>
#include <string.h>
#include "fast/flow.h"
#include "inside.h"
#include "link_stats.h"
#include "note.h"

#define LINK_COMMAND_DUMP 65536 /* places of endpoints that are looked at for one DUMP: some 100 us */

static void link_command_ack(struct dplane *dplane, uint64_t connection, uint32_t sequence, int result, uint32_t detail,
			     uint64_t now_ns)
{
	struct xf_link_ack ack = {.result = result, .detail = detail, .now_ns = now_ns};

	conversation_send(&dplane->conversation, connection, XF_LINK_ACK, sequence, &ack, sizeof(ack));
}

/* Answers at once what takes effect at once, or was refused. */
static void link_command_answer(struct dplane *dplane, const struct link_view *view, int result, uint32_t detail)
{
	link_command_ack(dplane, dplane->conversation.connection, view->sequence, result, detail, dplane->now_ns);
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
	struct dplane *dplane = arg;
	struct xf_link_event event = {.id = *id, .event = XF_EVENT_CLOSED_ORPHAN, .now_ns = dplane->now_ns};

	note_info(&dplane->seam, "orphan-closed", "endpoint=%u generation=%u", id->index, id->generation);
	if (dplane->conversation.greeted)
		conversation_send(&dplane->conversation, dplane->conversation.connection, XF_LINK_EVENT, 0, &event,
				  sizeof(event));
}

void link_command_init(struct dplane *dplane)
{
	dplane->sources.committed = link_command_committed;
	dplane->sources.arg = dplane;
	dplane->endpoints.orphan_closed = link_command_orphan;
	dplane->endpoints.arg = dplane;
}

static struct endpoints_answer link_command_later(struct dplane *dplane, const struct link_view *view)
{
	return (struct endpoints_answer){link_command_done, dplane, view->sequence, dplane->conversation.connection};
}

static void link_command_hello(struct dplane *dplane, const struct link_view *view)
{
	const struct xf_link_hello *hello = view->body;
	struct xf_link_hello_ok ok = {
	    .version = XF_LINK_VERSION,
	    .generation_last = dplane->endpoints.generation_last,
	    .instance = dplane->instance,
	    .now_ns = dplane->now_ns,
	    .workers = (uint16_t)dplane->worker_count,
	    .ports = (uint16_t)dplane->port_count,
	    .media_addrs = (uint16_t)dplane->flows->media_count,
	};

	if (hello->version != XF_LINK_VERSION || dplane->conversation.greeted) {
		note_warning(&dplane->seam, "link-hello-refused", "version=%u ours=%u again=%s", hello->version,
			     XF_LINK_VERSION, dplane->conversation.greeted ? "yes" : "no");
		link_command_answer(dplane, view, -EPROTO, 0);
		conversation_end(&dplane->conversation);
		return;
	}
	memcpy(ok.media_addr, dplane->flows->media, sizeof(ok.media_addr[0]) * dplane->flows->media_count);
	dplane->conversation.greeted = true;
	/* What a control plane before this one had admitted nobody would ever withdraw; this one admits its own. */
	if (hello->instance != dplane->endpoints.instance)
		admitted_clear(dplane->admitted);
	endpoints_hello(&dplane->endpoints, hello->instance, ok.now_ns);
	note_info(&dplane->seam, "link-hello", "connection=%lu instance=%016lx endpoints=%u",
		  (unsigned long)dplane->conversation.connection, (unsigned long)hello->instance,
		  dplane->endpoints.open_count);
	conversation_send(&dplane->conversation, dplane->conversation.connection, XF_LINK_HELLO_OK, view->sequence, &ok,
			  sizeof(ok));
	prompts_tell(&dplane->prompts);
}

static void link_command_sources_begin(struct dplane *dplane, const struct link_view *view)
{
	link_command_answer(dplane, view, sources_begin(&dplane->sources), 0);
}

static void link_command_source_add(struct dplane *dplane, const struct link_view *view)
{
	link_command_answer(dplane, view, sources_add(&dplane->sources, view->body), 0);
}

static void link_command_sources_commit(struct dplane *dplane, const struct link_view *view)
{
	int r = sources_commit(&dplane->sources, view->sequence, dplane->conversation.connection);

	if (r < 0)
		link_command_answer(dplane, view, r, 0);
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

static void link_command_admit(struct dplane *dplane, const struct link_view *view)
{
	const struct xf_link_admit *admit = view->body;
	int r = link_command_check_addr(&admit->addr);

	link_command_answer(dplane, view, r < 0 ? r : admitted_add(dplane->admitted, &admit->addr), 0);
}

static void link_command_withdraw(struct dplane *dplane, const struct link_view *view)
{
	const struct xf_link_admit *admit = view->body;
	int r = link_command_check_addr(&admit->addr);

	link_command_answer(dplane, view, r < 0 ? r : admitted_del(dplane->admitted, &admit->addr), 0);
}

static void link_command_open(struct dplane *dplane, const struct link_view *view)
{
	struct endpoints_answer later = link_command_later(dplane, view);
	int r = endpoints_open(&dplane->endpoints, view->body, &later);

	if (r < 0)
		link_command_answer(dplane, view, r, 0);
}

static void link_command_update(struct dplane *dplane, const struct link_view *view)
{
	struct endpoints_answer later = link_command_later(dplane, view);
	int r = endpoints_update(&dplane->endpoints, view->body, &later);

	if (r < 0)
		link_command_answer(dplane, view, r, 0);
}

static void link_command_close(struct dplane *dplane, const struct link_view *view)
{
	const struct xf_link_close *body = view->body;
	struct endpoints_answer later = link_command_later(dplane, view);
	int r = endpoints_close(&dplane->endpoints, &body->id, &later);

	if (r < 0)
		link_command_answer(dplane, view, r, 0);
}

static void link_command_patch(struct dplane *dplane, const struct link_view *view)
{
	struct endpoints_answer later = link_command_later(dplane, view);
	uint32_t bad;
	int r = endpoints_patch(&dplane->endpoints, view->body, &later, &bad);

	if (r < 0)
		link_command_answer(dplane, view, r, bad);
}

static void link_command_capture(struct dplane *dplane, const struct link_view *view)
{
	struct endpoints_answer later = link_command_later(dplane, view);
	int r = endpoints_capture(&dplane->endpoints, view->body, &later);

	if (r < 0)
		link_command_answer(dplane, view, r, 0);
}

static void link_command_dump(struct dplane *dplane, const struct link_view *view)
{
	const struct xf_link_dump *dump = view->body;
	const size_t row = xf_link_record_size(sizeof(struct xf_endpoint_state));
	const size_t rows_max = (XF_LINK_PACKET_MAX - xf_link_record_size(sizeof(struct xf_link_ack))) / row;
	const struct endpoints *endpoints = &dplane->endpoints;
	const uint32_t count = endpoints->slot_count, first = dump->index_first;
	const uint32_t end = first < count && count - first > LINK_COMMAND_DUMP ? first + LINK_COMMAND_DUMP : count;
	size_t rows = 0;
	uint32_t i;

	/* Rows and their ACK in one packet: what stands gathered goes out first. */
	conversation_flush(&dplane->conversation);
	for (i = first; i < end; i++) {
		struct xf_endpoint_state state;
		if (!endpoints_state(endpoints, i, &state))
			continue;
		if (rows++ == rows_max)
			break;
		conversation_send(&dplane->conversation, dplane->conversation.connection, XF_LINK_ENDPOINT,
				  view->sequence, &state, sizeof(state));
	}
	link_command_answer(dplane, view, i < count ? 1 : 0, i < count ? i : 0);
}

static void link_command_stats(struct dplane *dplane, const struct link_view *view)
{
	link_stats_send(dplane, view->sequence);
	link_command_answer(dplane, view, 0, 0);
}

void link_command(const struct link_view *view, void *arg)
{
	static void (*const commands[])(struct dplane *, const struct link_view *) = {
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
	    [XF_LINK_CAPTURE] = link_command_capture,
	};

	/* link_record_check lets only these through. */
	commands[view->type](arg, view);
}
