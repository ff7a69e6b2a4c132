#include "trace.h"

#include <errno.h>
#include <search.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "capture/capture.h"
#include "ladder/bytes.h"
#include "ladder/ladder.h"
#include "ladder/text.h"
#include "trace_lanes.h"
#include "trace_rtp.h"
#include "trace_sdp.h"

struct source {
	const char *path;
	struct capture_reader *reader;
	struct capture_unit unit; /* its next one */
	bool more;
};

struct trace {
	const struct args *args;
	FILE *out, *err;
	struct source sources[ARGS_LIST];
	struct ladder *ladder;
	struct trace_lanes lanes;
	struct trace_sdp *sdp;
	struct trace_rtp *rtp;
	void *seen; /* tree of uint64_t: messages by their bytes and ends */
	size_t drawn;
};

/* One sentence on stderr. 1, the exit code. */
__attribute__((format(printf, 2, 3))) static int complain(struct trace *trace, const char *format, ...)
{
	char text[1024];
	va_list list;
	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	char *safe = text_escape(text);
	fprintf(trace->err, "xfergate: %s\n", safe ? safe : "out of memory");
	free(safe);
	return 1;
}

/* ---- SIP */

static int compare_hashes(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
	return one < other ? -1 : one > other;
}

static uint64_t hash(uint64_t value, const void *data, size_t len)
{
	for (const uint8_t *p = data; len > 0; p++, len--)
		value = (value ^ *p) * 0x100000001b3u; /* FNV-1a */
	return value;
}

/* Is it a datagram that came before, byte for byte, from and to the same? 1, 0 or -ENOMEM. */
static int is_repeated(struct trace *trace, const struct capture_unit *unit)
{
	if (unit->kind != CAPTURE_UDP)
		return 0;
	uint64_t *value = malloc(sizeof(*value));
	if (!value)
		return -ENOMEM;
	*value = hash(0xcbf29ce484222325u, &unit->from, sizeof(unit->from));
	*value = hash(hash(*value, &unit->to, sizeof(unit->to)), unit->data, unit->len);
	uint64_t *const *node = tsearch(value, &trace->seen, compare_hashes);
	if (node && *node == value)
		return 0;
	free(value);
	return node ? 1 : -ENOMEM;
}

static bool is_wanted(const struct trace *trace, const struct capture_unit *unit)
{
	const char *wanted = trace->args->call_id;
	struct bytes id = bytes_header(unit->data, unit->len, "Call-ID", 'i');
	return !wanted || (id.len > 0 && memmem(id.ptr, id.len, wanted, strlen(wanted)));
}

static int add_message(struct trace *trace, const struct capture_unit *unit)
{
	char label[LADDER_LABEL];
	int from, to;
	if (!is_wanted(trace, unit))
		return 0;
	struct bytes body = bytes_body(unit->data, unit->len);
	int r = trace_sdp_add(trace->sdp, body.ptr, body.len);
	int repeated = is_repeated(trace, unit);
	if (r < 0 || repeated < 0)
		return -ENOMEM;
	r = trace_lanes_find(&trace->lanes, &unit->from, &unit->to, &from, &to);
	if (r <= 0)
		return r;
	trace->drawn++;
	return ladder_message(trace->ladder, unit->ns, from, to, ladder_label_bytes(label, unit->data, unit->len),
			      repeated == 1);
}

/* ---- RTP */

static int add_packets(struct trace *trace, const struct trace_rtp_flow *flow, unsigned count)
{
	int from, to, r = trace_lanes_find(&trace->lanes, &flow->from, &flow->to, &from, &to);
	if (r <= 0)
		return r;
	for (unsigned i = 0; r >= 0 && i < count; i++) {
		uint8_t type = flow->waiting[i].payload_type;
		char codec[TRACE_CODEC];
		r = ladder_rtp(trace->ladder, flow->waiting[i].ns, from, to, (uint64_t)type << 32 | flow->ssrc,
			       trace_sdp_codec(trace->sdp, &flow->from, &flow->to, type, codec));
	}
	trace->drawn += count;
	return r;
}

static int add_datagram(struct trace *trace, const struct capture_unit *unit)
{
	struct trace_rtp_header header;
	unsigned count = 0;
	if (trace->args->no_media || !trace_rtp_parse(&header, unit->data, unit->len))
		return 0;
	bool named = trace_sdp_has(trace->sdp, &unit->to) || trace_sdp_has(trace->sdp, &unit->from);
	if (trace->args->call_id && !named)
		return 0;
	const struct trace_rtp_flow *flow =
	    trace_rtp_add(trace->rtp, unit->ns, &unit->from, &unit->to, &header, named, &count);
	if (!flow)
		return -ENOMEM;
	return count > 0 ? add_packets(trace, flow, count) : 0;
}

static int add_unit(struct trace *trace, struct capture_unit unit)
{
	/* empty lines before a message are allowed (RFC 3261 7.5) */
	while (unit.len > 0 && (unit.data[0] == '\r' || unit.data[0] == '\n')) {
		unit.data++;
		unit.len--;
	}
	if (bytes_are_sip(unit.data, unit.len))
		return add_message(trace, &unit);
	return unit.kind == CAPTURE_UDP ? add_datagram(trace, &unit) : 0;
}

/* ---- captures */

static int advance(struct source *source)
{
	int r = capture_reader_next(source->reader, &source->unit);
	source->more = r > 0;
	return r < 0 ? r : 0;
}

static struct source *earliest(struct trace *trace)
{
	struct source *first = NULL;
	for (unsigned i = 0; i < trace->args->files.count; i++) {
		struct source *source = &trace->sources[i];
		if (source->more && (!first || source->unit.ns < first->unit.ns))
			first = source;
	}
	return first;
}

static int open_captures(struct trace *trace)
{
	char why[CAPTURE_WHY];
	for (unsigned i = 0; i < trace->args->files.count; i++) {
		struct source *source = &trace->sources[i];
		source->path = trace->args->files.items[i];
		if (capture_reader_open(&source->reader, source->path, why) < 0) {
			source->reader = NULL;
			return complain(trace, "%s: %s", source->path, why);
		}
	}
	return 0;
}

static int read_captures(struct trace *trace)
{
	int r = 0;
	for (unsigned i = 0; r == 0 && i < trace->args->files.count; i++)
		r = advance(&trace->sources[i]);
	for (struct source *source; r >= 0 && (source = earliest(trace));) {
		r = add_unit(trace, source->unit);
		if (r >= 0)
			r = advance(source);
	}
	return r < 0 ? complain(trace, "out of memory") : 0;
}

/* What a capture does not show. */
static void tell_notes(struct trace *trace, const struct source *source)
{
	const struct capture_notes *notes = capture_reader_notes(source->reader);
	if (notes->damage[0])
		complain(trace, "%s: damaged: %s; what was before it is drawn", source->path, notes->damage);
	if (notes->cut > 0)
		complain(trace, "%s: %llu packets are cut: capture whole ones (tcpdump -s 0)", source->path,
			 (unsigned long long)notes->cut);
	if (notes->tls_streams > 0)
		complain(trace, "%s: %llu TLS streams cannot be read", source->path,
			 (unsigned long long)notes->tls_streams);
}

static int print(struct trace *trace, unsigned width)
{
	const struct args *args = trace->args;
	int hub = args->hub ? trace_lanes_named(&trace->lanes, args->hub) : -1;
	for (unsigned i = 0; i < args->files.count; i++)
		tell_notes(trace, &trace->sources[i]);
	if (trace->drawn == 0 && args->call_id)
		return complain(trace, "nothing to draw: no message has a Call-ID with '%s'%s", args->call_id,
				trace->lanes.given ? " and both its ends in lanes" : "");
	if (trace->drawn == 0)
		return complain(trace, "nothing to draw: no SIP message and no RTP stream%s",
				trace->lanes.given ? " has both its ends in lanes" : " is there");
	if (args->hub && hub < 0)
		return complain(trace, "--hub: there is no lane '%s'", args->hub);
	ladder_print(trace->ladder, trace->out, hub, width);
	return 0;
}

static int start(struct trace *trace)
{
	char why[256] = "out of memory";
	int r = ladder_create(&trace->ladder);
	trace_lanes_init(&trace->lanes, trace->ladder);
	if (r == 0)
		r = trace_sdp_create(&trace->sdp);
	if (r == 0)
		r = trace_rtp_create(&trace->rtp);
	for (unsigned i = 0; r == 0 && i < trace->args->lanes.count; i++)
		r = trace_lanes_give(&trace->lanes, trace->args->lanes.items[i], why, sizeof(why));
	return r < 0 ? complain(trace, "%s", why) : 0;
}

static void stop(struct trace *trace)
{
	for (unsigned i = 0; i < trace->args->files.count; i++)
		if (trace->sources[i].reader)
			capture_reader_close(trace->sources[i].reader);
	tdestroy(trace->seen, free);
	trace_rtp_destroy(trace->rtp);
	trace_sdp_destroy(trace->sdp);
	trace_lanes_fini(&trace->lanes);
	ladder_destroy(trace->ladder);
}

int trace_run(const struct args *args, unsigned width, FILE *out, FILE *err)
{
	struct trace *trace = calloc(1, sizeof(*trace));
	if (!trace) {
		fputs("xfergate: out of memory\n", err);
		return 1;
	}
	*trace = (struct trace){.args = args, .out = out, .err = err};
	int r = start(trace);
	if (r == 0)
		r = open_captures(trace);
	if (r == 0)
		r = read_captures(trace);
	if (r == 0)
		r = print(trace, width);
	stop(trace);
	free(trace);
	return r;
}
