#include "capture.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "capture/capture.h"
#include "capture/scrub.h"
#include "client.h"
#include "request.h"
#include "ladder/text.h"

#define STOP_REQUEST_ID 2 /* request.c's is 1 */
#define LINE_MAX_BYTES	(1u << 20)
#define DATAGRAM_MAX	65535
#define STOP_MS		5000 /* patience with silence while packets should still be on their way */
#define STOP_LONGEST_MS 30000
#define NS_PER_MS	1000000ull
#define NS_PER_S	1000000000ull

struct capture {
	const struct args *args;
	int fd;
	struct capture_writer *writer;
	struct scrub scrub;
	uint64_t wall_ns; /* since 1970, when the monotonic clock was 0 */
	char id[40];
	char *in;
	size_t in_len, in_room;
	uint64_t packets, lost;
	bool started, stopping, ended;
	unsigned interrupts; /* that there were when it was told to stop */
	uint64_t stop_by;    /* monotonic, once it is stopping */
	char *why;
	size_t why_size;
};

static const int signal_numbers[] = {SIGINT, SIGTERM, SIGHUP};
static volatile sig_atomic_t interrupted; /* times */

static void on_signal(int number)
{
	interrupted++;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;
	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

__attribute__((format(printf, 2, 3))) static int failed(struct capture *c, const char *format, ...)
{
	__builtin_va_list list;
	__builtin_va_start(list, format);
	vsnprintf(c->why, c->why_size, format, list);
	__builtin_va_end(list);
	return -1;
}

/* Lines are short and the socket is empty, so this waits for nobody. */
static int say(struct capture *c, const char *line)
{
	struct iovec parts[] = {{(char *)line, strlen(line)}, {"\n", 1}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	if (sendmsg(c->fd, &message, MSG_NOSIGNAL) != (ssize_t)(parts[0].iov_len + 1))
		return failed(c, "cannot send to the control plane: %s", strerror(errno));
	return 0;
}

static int say_stop(struct capture *c, uint64_t now)
{
	char line[160];
	snprintf(line, sizeof(line),
		 "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"capture.stop\",\"params\":{\"capture\":\"%s\"}}",
		 STOP_REQUEST_ID, c->id);
	c->stopping = true;
	c->interrupts = (unsigned)interrupted;
	c->stop_by = now + STOP_LONGEST_MS * NS_PER_MS;
	return say(c, line);
}

/* "192.0.2.1:5060", "[2001:db8::1]:5060" */
static bool read_address(const json_t *value, struct xf_sockaddr *addr)
{
	char text[XF_SOCKADDR_STRLEN], *end;
	const char *given = json_string_value(value);
	if (!given || strlen(given) >= sizeof(text))
		return false;
	strcpy(text, given);
	char *colon = strrchr(text, ':'), *host = text;
	if (!colon)
		return false;
	*colon = 0;
	unsigned long port = strtoul(colon + 1, &end, 10);
	if (*host == '[' && colon[-1] == ']') {
		host++;
		colon[-1] = 0;
	}
	addr->port = (uint16_t)port;
	return colon[1] && !*end && port <= 65535 && xf_addr_parse(&addr->addr, host) == 0;
}

static bool read_packet(const json_t *params, struct xf_sockaddr *from, struct xf_sockaddr *to, uint64_t *ns,
			uint8_t *data, size_t *len)
{
	const char *text = json_string_value(json_object_get(params, "data"));
	if (!text || !read_address(json_object_get(params, "from"), from) ||
	    !read_address(json_object_get(params, "to"), to) || from->addr.family != to->addr.family)
		return false;
	size_t text_len = strlen(text);
	int n =
	    text_len <= DATAGRAM_MAX / 3 * 4 ? EVP_DecodeBlock(data, (const unsigned char *)text, (int)text_len) : -1;
	if (n < 0 || text_len % 4)
		return false;
	for (size_t i = text_len; i > 0 && text[i - 1] == '=' && n > 0; i--)
		n--;
	*len = (size_t)n;
	*ns = (uint64_t)json_integer_value(json_object_get(params, "ns"));
	return true;
}

static int take_packet(struct capture *c, const json_t *params)
{
	uint8_t data[DATAGRAM_MAX + 3];
	struct xf_sockaddr from, to;
	uint64_t ns;
	size_t len;
	if (!read_packet(params, &from, &to, &ns, data, &len))
		return failed(c, "a packet of the control plane cannot be read: it is of another version");
	if (c->args->scrub && scrub_is_sip(data, len))
		scrub_sip(&c->scrub, data, len);
	capture_writer_udp(c->writer, c->wall_ns + ns, &from, &to, data, len);
	c->packets++;
	return 0;
}

static void take_counts(struct capture *c, const json_t *counts)
{
	c->lost = (uint64_t)json_integer_value(json_object_get(counts, "lost"));
	c->ended = true;
}

static int take_start(struct capture *c, const char *line)
{
	json_t *result = NULL;
	int r = request_parse(line, &result, c->why, c->why_size);
	const char *id = json_string_value(json_object_get(result, "capture"));
	if (r == 0 && (!id || strlen(id) >= sizeof(c->id) || strpbrk(id, "\"\\")))
		r = failed(c, "the answer is not that of an xfergate-controlplane of this version");
	if (r == 0) {
		strcpy(c->id, id);
		c->started = true;
	}
	json_decref(result);
	return r == 0 ? 0 : -1;
}

static int take_line(struct capture *c, const char *line)
{
	if (!c->started)
		return take_start(c, line);
	json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	const char *method = json_string_value(json_object_get(json, "method"));
	int r = 0;
	if (method && strcmp(method, XF_RPC_CAPTURE_PACKET) == 0)
		r = take_packet(c, json_object_get(json, "params"));
	else if (method && strcmp(method, XF_RPC_CAPTURE_END) == 0)
		take_counts(c, json_object_get(json, "params"));
	else if (json_integer_value(json_object_get(json, "id")) == STOP_REQUEST_ID)
		take_counts(c, json_object_get(json, "result"));
	json_decref(json);
	return r;
}

static int take_lines(struct capture *c)
{
	char *line = c->in, *end;
	int r = 0;
	while (r == 0 && !c->ended && (end = memchr(line, '\n', c->in_len - (size_t)(line - c->in)))) {
		*end = 0;
		r = take_line(c, line);
		line = end + 1;
	}
	c->in_len -= (size_t)(line - c->in);
	memmove(c->in, line, c->in_len);
	return r;
}

static int hear(struct capture *c)
{
	if (c->in_len + 65536 > c->in_room) {
		if (c->in_room > LINE_MAX_BYTES)
			return failed(c, "a line of the control plane is too long: that is no xfergate-controlplane");
		c->in_room = c->in_room * 2 + 65536;
		char *in = realloc(c->in, c->in_room);
		if (!in)
			return failed(c, "out of memory");
		c->in = in;
	}
	ssize_t n = recv(c->fd, c->in + c->in_len, c->in_room - c->in_len, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		return failed(c, "the control plane has ended or let us go: the capture ends here; see its log");
	c->in_len += n > 0 ? (size_t)n : 0;
	return take_lines(c);
}

static void signal_set(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < sizeof(signal_numbers) / sizeof(*signal_numbers); i++)
		sigaddset(set, signal_numbers[i]);
}

/* ppoll lets no signal in when there is something to read, and there may always be something. */
static void take_pending_signals(void)
{
	const struct timespec at_once = {0};
	sigset_t ours;
	signal_set(&ours);
	while (sigtimedwait(&ours, NULL, &at_once) > 0)
		interrupted++;
}

/* Waits for a packet, a signal or the time. Signals come only here. */
static int turn(struct capture *c, uint64_t deadline_ns)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC), left = deadline_ns > now ? deadline_ns - now : 0;
	struct timespec timeout = {.tv_sec = (time_t)(left / NS_PER_S), .tv_nsec = (long)(left % NS_PER_S)};
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	sigset_t none;
	sigemptyset(&none);
	int n = ppoll(&p, 1, deadline_ns == UINT64_MAX ? NULL : &timeout, &none);
	if (n < 0 && errno != EINTR)
		return failed(c, "cannot wait for the control plane: %s", strerror(errno));
	if (n <= 0)
		return 0;
	take_pending_signals();
	return hear(c);
}

/* As long as packets come there is hope that the end does; until STOP_LONGEST_MS. */
static uint64_t stop_patience(const struct capture *c, uint64_t now)
{
	uint64_t end = now + STOP_MS * NS_PER_MS;
	return end < c->stop_by ? end : c->stop_by;
}

static int run(struct capture *c)
{
	uint64_t for_ns = (uint64_t)c->args->for_ms * NS_PER_MS, now = clock_ns(CLOCK_MONOTONIC);
	uint64_t answer_by = now + CLIENT_TIMEOUT_MS * NS_PER_MS, end = for_ns ? now + for_ns : UINT64_MAX;
	int r = 0;
	while (r == 0 && !c->ended) {
		now = clock_ns(CLOCK_MONOTONIC);
		if (!c->started && (now >= answer_by || interrupted))
			return failed(c, interrupted ? "interrupted before it began"
						     : "the control plane does not answer; see its log");
		if (c->stopping && (unsigned)interrupted > c->interrupts)
			return failed(c, "interrupted again before the capture had ended: there was more");
		if (c->stopping && now >= end)
			return failed(c, "the control plane does not end the capture: there may be more; see its log");
		if (c->started && !c->stopping && (interrupted || now >= end)) {
			r = say_stop(c, now);
			end = stop_patience(c, now);
		}
		uint64_t packets = c->packets;
		if (r == 0)
			r = turn(c, c->started ? end : answer_by);
		if (c->stopping && c->packets != packets)
			end = stop_patience(c, now);
	}
	return r;
}

static void take_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t blocked;
	signal_set(&blocked);
	for (size_t i = 0; i < sizeof(signal_numbers) / sizeof(*signal_numbers); i++)
		sigaction(signal_numbers[i], &action, NULL);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
}

static void report(const struct capture *c, FILE *out)
{
	if (c->args->json) {
		json_t *json =
		    json_pack("{s:I,s:o,s:s}", "packets", (json_int_t)c->packets, "lost",
			      c->ended ? json_integer((json_int_t)c->lost) : json_null(), "file", c->args->output);
		json_dumpf(json, out, JSON_INDENT(2));
		json_decref(json);
		fputc('\n', out);
		return;
	}
	char *file = text_escape(c->args->output);
	fprintf(out, "%llu packet%s, ", (unsigned long long)c->packets, c->packets == 1 ? "" : "s");
	if (c->ended)
		fprintf(out, "%llu lost, ", (unsigned long long)c->lost);
	else
		fputs("how many are lost is not known, ", out);
	fprintf(out, "%s\n", file ? file : "");
	free(file);
}

static int begin(struct capture *c, const char *socket_path)
{
	char *line = request_format(c->args);
	if (!line)
		return failed(c, "an argument is not UTF-8 text");
	c->fd = client_connect(socket_path, CLIENT_TIMEOUT_MS, c->why, c->why_size);
	int r = c->fd < 0 ? -1 : say(c, line);
	free(line);
	if (getrandom(c->scrub.key, sizeof(c->scrub.key), 0) != sizeof(c->scrub.key))
		return failed(c, "no random numbers: %s", strerror(errno));
	c->wall_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	return r;
}

int capture_run(const struct args *args, const char *socket_path, FILE *out, char *why, size_t why_size)
{
	struct capture c = {.args = args, .fd = -1, .why = why, .why_size = why_size};
	char reason[CAPTURE_WHY];
	/* First, so that a file that cannot be written is told at once. */
	if (capture_writer_open(&c.writer, args->output, reason) < 0)
		return failed(&c, "%s: %s", args->output, reason);
	take_signals();
	int r = begin(&c, socket_path);
	if (r == 0)
		r = run(&c);
	explicit_bzero(&c.scrub, sizeof(c.scrub));
	if (c.fd >= 0)
		close(c.fd);
	free(c.in);
	int written = capture_writer_close(c.writer, c.started);
	if (written < 0)
		return failed(&c, "cannot write %s: %s", args->output, strerror(-written));
	if (c.started)
		report(&c, strcmp(args->output, "-") == 0 ? stderr : out);
	return r;
}
