#include "link_client_inside.h"

#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "media_plan.h"

#define LINK_CLIENT_OUTSTANDING 8192 /* commands */
#define LINK_CLIENT_BUFFER	(4 << 20)
#define LINK_CLIENT_WAIT_MS	20000 /* for an answer */

/* The n-th of a run of commands into body; *type. Its length. */
typedef uint16_t (*link_client_make)(const struct link_client *c, uint32_t n, uint32_t flows, void *body,
				     uint16_t *type);

static void link_client_record(struct link_client *c, const struct xf_link_record *record, const uint8_t *body)
{
	if (c->row)
		c->row(record, body, c->arg);
	if (record->type != XF_LINK_ACK)
		return;
	memcpy(&c->ack, body, sizeof(c->ack));
	c->acked++;
	if (c->ack.result < 0 && c->result == 0)
		c->result = c->ack.result;
}

static void link_client_packet(struct link_client *c, size_t len)
{
	for (size_t at = 0; at + sizeof(struct xf_link_record) <= len;) {
		struct xf_link_record record;
		memcpy(&record, c->in + at, sizeof(record));
		if (at + xf_link_record_size(record.body_len) > len)
			return;
		link_client_record(c, &record, c->in + at + sizeof(record));
		at += xf_link_record_size(record.body_len);
	}
}

int link_client_read(struct link_client *c)
{
	for (;;) {
		ssize_t n = recv(c->fd, c->in, sizeof(c->in), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n <= 0)
			return n == 0 ? -ECONNRESET : -errno;
		link_client_packet(c, (size_t)n);
	}
}

int link_client_write(struct link_client *c)
{
	if (c->out_len == 0)
		return 0;
	ssize_t n = send(c->fd, c->out, c->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n == (ssize_t)c->out_len)
		c->out_len = 0;
	else if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
		return -errno;
	return 0;
}

void link_client_put(struct link_client *c, uint16_t type, const void *body, uint16_t len)
{
	const struct xf_link_record record = {type, len, ++c->sequence};
	memcpy(c->out + c->out_len, &record, sizeof(record));
	memset(c->out + c->out_len + sizeof(record), 0, xf_link_record_size(len) - sizeof(record));
	memcpy(c->out + c->out_len + sizeof(record), body, len);
	c->out_len += xf_link_record_size(len);
	c->posted++;
}

/* Fills a packet as far as the run and its answers allow. */
static void link_client_gather(struct link_client *c, uint32_t count, uint32_t flows, link_client_make make)
{
	union {
		struct xf_link_patch patch;
		struct xf_link_open open;
		struct xf_link_dump dump;
		struct xf_link_hello hello;
	} body;
	while (c->posted < count && c->posted - c->acked < LINK_CLIENT_OUTSTANDING &&
	       c->out_len + xf_link_record_size(sizeof(body)) <= sizeof(c->out)) {
		uint16_t type, len = make(c, c->posted, flows, &body, &type);
		link_client_put(c, type, &body, len);
	}
}

static int link_client_run(struct link_client *c, uint32_t count, uint32_t flows, link_client_make make)
{
	c->posted = c->acked = 0;
	c->result = 0;
	while (c->acked < count) {
		if (c->out_len == 0)
			link_client_gather(c, count, flows, make);
		int r = link_client_write(c);
		struct pollfd p = {.fd = c->fd, .events = (short)(POLLIN | (c->out_len ? POLLOUT : 0))};
		/* A packet that is gone makes room for the next one at once. */
		bool more = c->out_len == 0 && c->posted < count && c->posted - c->acked < LINK_CLIENT_OUTSTANDING;
		if (r == 0 && !more && poll(&p, 1, LINK_CLIENT_WAIT_MS) == 0)
			r = -ETIMEDOUT;
		if (r == 0)
			r = link_client_read(c);
		if (r < 0)
			return r;
	}
	return c->result;
}

static struct xf_addr link_client_addr(uint32_t addr)
{
	uint8_t bytes[4];
	media_plan_put32(bytes, addr);
	return xf_addr_v4(bytes);
}

static struct xf_sockaddr link_client_sockaddr(uint32_t addr, unsigned port)
{
	return (struct xf_sockaddr){.addr = link_client_addr(addr), .port = (uint16_t)port};
}

static uint16_t link_client_make_open(const struct link_client *c, uint32_t n, uint32_t flows, void *body,
				      uint16_t *type)
{
	const struct xf_link_open open = {
	    .id = {n, 1},
	    .worker = (uint8_t)media_plan_worker(n, flows, c->workers),
	    .settings = {.remote = link_client_sockaddr(media_plan_sender_addr(n), media_plan_sender_port(n)),
			 .remote_rtcp = link_client_sockaddr(media_plan_sender_addr(n), media_plan_sender_port(n) + 1u),
			 .next_hop = link_client_addr(MEDIA_PLAN_NEXT_HOP),
			 .pt_count = 2,
			 .pts = {{0, XF_CODEC_PCMU}, {101, XF_CODEC_EVENT}},
			 .dscp = 46,
			 .learn_window_ns = 3000000000ull},
	};
	memcpy(body, &open, sizeof(open));
	*type = XF_LINK_OPEN;
	return sizeof(open);
}

/* Two moves a command: a call. */
static uint16_t link_client_make_call(const struct link_client *c, uint32_t n, uint32_t flows, void *body,
				      uint16_t *type)
{
	struct xf_link_patch patch = {.count = 2};
	uint32_t other = media_plan_partner(n, flows);
	patch.moves[0] = (struct xf_link_move){.to = {n, 1}, .from = {other, 1}};
	patch.moves[1] = (struct xf_link_move){.to = {other, 1}, .from = {n, 1}};
	uint16_t len = offsetof(struct xf_link_patch, moves) + 2 * sizeof(patch.moves[0]);
	memcpy(body, &patch, len);
	*type = XF_LINK_PATCH;
	return len;
}

static uint16_t link_client_make_sources(const struct link_client *c, uint32_t n, uint32_t flows, void *body,
					 uint16_t *type)
{
	*type = n == 0 ? XF_LINK_SOURCES_BEGIN : XF_LINK_SOURCES_COMMIT;
	memset(body, 0, sizeof(struct xf_link_empty));
	return sizeof(struct xf_link_empty);
}

static uint16_t link_client_make_stats(const struct link_client *c, uint32_t n, uint32_t flows, void *body,
				       uint16_t *type)
{
	*type = XF_LINK_STATS;
	memset(body, 0, sizeof(struct xf_link_empty));
	return sizeof(struct xf_link_empty);
}

/* flows: the first row. */
static uint16_t link_client_make_dump(const struct link_client *c, uint32_t n, uint32_t flows, void *body,
				      uint16_t *type)
{
	const struct xf_link_dump dump = {.index_first = flows};
	memcpy(body, &dump, sizeof(dump));
	*type = XF_LINK_DUMP;
	return sizeof(dump);
}

int link_client_open(struct link_client *c, uint32_t flows)
{
	return link_client_run(c, flows, flows, link_client_make_open);
}

int link_client_patch(struct link_client *c, uint32_t flows)
{
	return link_client_run(c, flows / 2, flows, link_client_make_call);
}

int link_client_sources(struct link_client *c)
{
	return link_client_run(c, 2, 0, link_client_make_sources);
}

static void link_client_stats_row(const struct xf_link_record *record, const void *body, void *arg)
{
	struct link_client_stats *stats = arg;
	if (record->type == XF_LINK_WORKER) {
		struct xf_link_worker row;
		memcpy(&row, body, sizeof(row));
		stats->endpoints += row.endpoints;
		stats->turns += row.turns;
		stats->busy_turns += row.busy_turns;
		stats->received += row.rx_packets;
		stats->forwarded += row.forwarded;
		stats->to_kernel += row.to_kernel;
	} else if (record->type == XF_LINK_DROPS) {
		memcpy(stats->drops, body, sizeof(stats->drops));
	}
}

int link_client_stats(struct link_client *c, struct link_client_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	c->row = link_client_stats_row;
	c->arg = stats;
	int r = link_client_run(c, 1, 0, link_client_make_stats);
	c->row = NULL;
	return r;
}

static void link_client_summary_row(const struct xf_link_record *record, const void *body, void *arg)
{
	struct link_client_summary *s = arg;
	struct xf_endpoint_state row;
	if (record->type != XF_LINK_ENDPOINT)
		return;
	memcpy(&row, body, sizeof(row));
	s->endpoints++;
	s->resolved += row.neighbour_resolved;
	s->patched += row.source.index != XF_ENDPOINT_NONE;
	s->locked += row.locked.addr.family != 0;
	s->received += row.rx_packets;
	s->sent += row.tx_packets;
	s->wrong_source += row.rx_wrong_source;
	s->dropped += row.rx_dropped;
	if (s->endpoints == 1 || row.tx_packets < s->sent_least)
		s->sent_least = row.tx_packets;
	if (row.tx_packets > s->sent_most)
		s->sent_most = row.tx_packets;
}

int link_client_summary(struct link_client *c, struct link_client_summary *summary)
{
	uint32_t first = 0;
	int r;
	memset(summary, 0, sizeof(*summary));
	c->row = link_client_summary_row;
	c->arg = summary;
	do {
		r = link_client_run(c, 1, first, link_client_make_dump);
		first = c->ack.detail;
	} while (r == 0 && c->ack.result > 0);
	c->row = NULL;
	return r;
}

const char *link_client_drop_name(unsigned drop)
{
	return xf_drop_name(drop);
}

unsigned link_client_drop_count(void)
{
	return XF_DROP_COUNT;
}

static uint16_t link_client_make_hello(const struct link_client *c, uint32_t n, uint32_t flows, void *body,
				       uint16_t *type)
{
	const struct xf_link_hello hello = {.version = XF_LINK_VERSION, .instance = 1};
	memcpy(body, &hello, sizeof(hello));
	*type = XF_LINK_HELLO;
	return sizeof(hello);
}

/* HELLO is answered by HELLO_OK, and by an ACK only if it is refused. */
static void link_client_hello_row(const struct xf_link_record *record, const void *body, void *arg)
{
	struct link_client *c = arg;
	struct xf_link_hello_ok ok;
	if (record->type != XF_LINK_HELLO_OK)
		return;
	memcpy(&ok, body, sizeof(ok));
	c->workers = ok.workers;
	c->acked++;
}

static int link_client_connect(struct link_client *c, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int size = LINK_CLIENT_BUFFER;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	setsockopt(c->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	c->row = link_client_hello_row;
	c->arg = c;
	int r = link_client_run(c, 1, 0, link_client_make_hello);
	c->row = NULL;
	return r;
}

struct link_client *link_client_create(const char *path)
{
	struct link_client *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->fd = -1;
	int r = link_client_connect(c, path);
	if (r == 0)
		return c;
	link_client_destroy(c);
	errno = -r;
	return NULL;
}

void link_client_destroy(struct link_client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}
