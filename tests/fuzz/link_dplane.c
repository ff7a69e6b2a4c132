/* Commands into the dataplane, whole, broken and in any order. As long as the connection stands, each command is
 * answered by exactly one ACK; a packet that is no list of records, and a command out of sequence, end the
 * connection. Afterwards everything can be closed and nothing is left. */
#include "link.h"

#include "../unit/dplane/desk.h"
#include "plane/link_record.h"

#define STEPS_MAX   64
#define COMMITS_RUN 2000 /* inputs between two new source tables: each costs as much as a hundred inputs */

static struct desk desk;
static uint32_t base; /* generations before this input */
static unsigned since_commit = COMMITS_RUN;
static alignas(8) uint8_t packet[XF_LINK_PACKET_MAX];

void link_dplane_init(void)
{
	desk_eal();
	desk_start(&desk);
	desk.known = true;
	desk_hello(&desk, 1);
}

static void collected(void)
{
	desk.trace_len = 0;
	desk.row_count = desk.event_count = 0;
	rig_forget(&desk.rig);
}

/* One of sixteen endpoints, in one of a few lives. */
static struct xf_endpoint_id name(uint8_t what)
{
	return (struct xf_endpoint_id){xf_endpoint_index(what & 1, (uint16_t)(20000 + (what & 14))),
				       base + 1 + (what >> 4 & 3)};
}

/* A body that would do, to be spoiled. Its length. */
static size_t body(uint8_t type, uint8_t what, uint8_t *out)
{
	static const struct xf_link_empty empty;
	struct xf_link_open open = desk_opening(20000, 1, 1, what & 1 ? "2001:db8:5::7" : "198.51.100.7", 4000);
	struct xf_link_patch patch = {.count = 1 + (what >> 6)};
	open.id = name(what);
	if (what & 1)
		open.settings.next_hop = rig_addr("2001:db8::fe");
	switch (type) {
	case XF_LINK_OPEN:
		memcpy(out, &open, sizeof(open));
		return sizeof(open);
	case XF_LINK_UPDATE: {
		struct xf_link_update update = {open.id, open.settings};
		memcpy(out, &update, sizeof(update));
		return sizeof(update);
	}
	case XF_LINK_PATCH:
		for (uint32_t i = 0; i < patch.count; i++)
			patch.moves[i] =
			    (struct xf_link_move){.to = name((uint8_t)(what + 2 * i)), .from = name(what ^ 2)};
		memcpy(out, &patch, sizeof(patch));
		return offsetof(struct xf_link_patch, moves) + patch.count * sizeof(patch.moves[0]);
	case XF_LINK_CLOSE:
		memcpy(out, &open.id, sizeof(open.id));
		return sizeof(open.id);
	case XF_LINK_ADMIT:
	case XF_LINK_WITHDRAW: {
		struct xf_link_admit admit = {.addr = rig_addr(what & 1 ? "203.0.113.5" : "2001:db8:9::1")};
		memcpy(out, &admit, sizeof(admit));
		return sizeof(admit);
	}
	case XF_LINK_SOURCE_ADD: {
		struct xf_source source = {.peer = what, .role = XF_ROLE_PROVIDER};
		xf_prefix_parse(&source.block, what & 1 ? "198.51.100.0/24" : "2001:db8:5::/48");
		memcpy(out, &source, sizeof(source));
		return sizeof(source);
	}
	case XF_LINK_HELLO: {
		struct xf_link_hello hello = {.version = XF_LINK_VERSION, .instance = what};
		memcpy(out, &hello, sizeof(hello));
		return sizeof(hello);
	}
	}
	memset(out, 0, 256);
	memcpy(out, &empty, sizeof(empty));
	return xf_link_body_size(type) && xf_link_body_size(type) <= 256 ? xf_link_body_size(type) : sizeof(empty);
}

/* No more endpoints than names, whatever was put over the body. */
static void bounded(uint8_t type, uint8_t *bytes, size_t len)
{
	struct xf_endpoint_id id;
	if ((type != XF_LINK_OPEN && type != XF_LINK_UPDATE) || len < sizeof(id))
		return;
	memcpy(&id, bytes, sizeof(id));
	if (id.index < 2 * XF_PORT_PAIRS)
		id = name((uint8_t)(id.index % 16));
	else if (id.generation > base + 16)
		id.generation = base + 16;
	memcpy(bytes, &id, sizeof(id));
}

/* Appends a record to the packet; its sequence is the next one, most of the time. Returns the new length. */
static size_t record(struct fuzz_bytes *in, size_t at, uint32_t *sequence)
{
	uint8_t bytes[4096] = {0}, type = fuzz_u8(in), what = fuzz_u8(in), how = fuzz_u8(in);
	size_t got, len;
	if (type < 192)
		type = 1 + type % 12;
	if (type == XF_LINK_SOURCES_COMMIT && since_commit++ < COMMITS_RUN)
		type = XF_LINK_STATS;
	else if (type == XF_LINK_SOURCES_COMMIT)
		since_commit = 0;
	len = body(type, what, bytes);
	if (how & 1) { /* something else somewhere in it */
		uint8_t offset = fuzz_u8(in);
		const uint8_t *over = fuzz_take(in, fuzz_u8(in) & 31, &got);
		memcpy(bytes + offset, over, got);
	}
	if ((how & 0xf0) == 0xf0)
		len = fuzz_u8(in) * 16u; /* of another length */
	bounded(type, bytes, len);
	if ((how & 0x0e) != 0x0e)
		(*sequence)++;
	int n = link_record_put(packet + at, sizeof(packet) - at, type, *sequence, bytes, (uint16_t)len);
	return n < 0 ? at : at + (size_t)n;
}

/* Whole records at the front of the packet. A HELLO may be answered by HELLO_OK instead. */
static unsigned records(size_t len, unsigned *hellos)
{
	struct link_cursor cursor = link_cursor(packet, len);
	struct link_view view;
	unsigned n = 0;
	*hellos = 0;
	for (; link_record_next(&cursor, &view) > 0; n++)
		*hellos += view.type == XF_LINK_HELLO;
	return n;
}

/* One packet of one to eight records, or of bytes. */
static void say(struct fuzz_bytes *in, uint8_t how)
{
	uint32_t sequence = desk.sequence;
	unsigned acks = desk.acks, ended = desk.hung_up;
	size_t len = 0, got;
	for (unsigned i = 0; how & 8 && i <= (how & 7u); i++)
		len = record(in, len, &sequence);
	if (!(how & 8)) {
		const uint8_t *raw = fuzz_take(in, fuzz_u8(in), &got);
		if (got)
			memcpy(packet, raw, got);
		len = got;
	} else if ((how & 0xf0) == 0xf0) {
		len -= len ? fuzz_u8(in) % len : 0; /* cut */
	}
	unsigned hellos, owed = records(len, &hellos);
	desk.sequence = sequence;
	dplane_link_packet(desk.dplane, desk.now_ns, packet, len);
	desk_settle(&desk);
	collected();
	unsigned answers = desk.acks - acks;
	fuzz_check(answers <= owed, "%u answers to %u records", answers, owed);
	if (desk.hung_up == ended) {
		fuzz_check(answers + hellos >= owed, "%u answers to %u records", answers, owed);
	} else {
		desk_hello(&desk, 1);
	}
}

static void media(uint8_t who)
{
	static uint16_t seq;
	desk_rtp(&desk, who >> 4 & 1, who & 1 ? "2001:db8:5::7" : "198.51.100.7", 4000,
		 who & 1 ? "2001:db8::1" : "192.0.2.1", (uint16_t)(20000 + (who & 14)), ++seq);
	collected();
}

static void step(struct fuzz_bytes *in)
{
	uint8_t what = fuzz_u8(in);
	struct xf_addr hop = rig_addr(what & 64 ? "2001:db8::fe" : "192.0.2.254");
	switch (what & 7) {
	case 0:
		desk_wait(&desk, (what >> 3) * 100 * RIG_MS);
		return collected();
	case 1:
		return media(fuzz_u8(in));
	case 2:
		dplane_neighbour(desk.dplane, 0, &hop, what & 8 ? rig_next_hop : NULL);
		desk_settle(&desk);
		return collected();
	case 3:
		if (what & 8)
			dplane_link_down(desk.dplane, desk.now_ns);
		desk_hello(&desk, what >> 4);
		return collected();
	default:
		return say(in, fuzz_u8(in));
	}
}

/* A new control plane finds what there is, and closes it. */
static void clear(void)
{
	struct xf_link_dump dump = {0};
	struct dplane_counts counts;
	desk_hello(&desk, 77);
	collected();
	fuzz_check(desk_say(&desk, XF_LINK_DUMP, &dump, sizeof(dump)) == 0);
	for (unsigned i = 0, n = desk.row_count; i < n; i++) {
		struct xf_link_close close = {.id = desk.rows[i].id};
		fuzz_check(desk_say(&desk, XF_LINK_CLOSE, &close, sizeof(close)) == 0);
	}
	desk_wait(&desk, 100 * RIG_MS);
	collected(); /* an endpoint that has sent says BYE */
	dplane_counts(desk.dplane, &counts);
	fuzz_check(counts.endpoints == 0 && counts.in_limbo == 0, "%u endpoints, %u in limbo", counts.endpoints,
		   counts.in_limbo);
	fuzz_check(counts.admitted == 0, "admitted by a control plane that is gone");
	fuzz_check(counts.neighbours == 0 && desk.watches == desk.releases, "a neighbour is watched for ever");
	fuzz_check(rte_mempool_in_use_count(desk.rig.pool) == 0, "%u packets leaked",
		   rte_mempool_in_use_count(desk.rig.pool));
	collected();
}

void link_dplane_run(struct fuzz_bytes *in)
{
	desk_hello(&desk, 1);
	collected();
	base = desk.hello.generation_last;
	for (unsigned i = 0; i < STEPS_MAX && in->left; i++)
		step(in);
	clear();
}
