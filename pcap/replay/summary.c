/* The end of a replay in words, and what of it must stay the same from run to run. */
#include "play.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "ladder/text.h"

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

__attribute__((format(printf, 2, 3))) static void outcome(struct play *play, const char *format, ...)
{
	char line[512];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (play->judge)
		judge_outcome(play->judge, line);
}

/* ---- what could never be sent */

static uint64_t give_up(struct play *play)
{
	uint64_t never = 0;
	for (uint32_t i = 0; i < play->rec->entry_count; i++) {
		struct entry *entry = &play->rec->entries[i];
		if (!entry->out && entry->state == ENTRY_OPEN)
			due_give_up(play->rec, i);
		never += !entry->out && entry->state == ENTRY_NEVER;
	}
	return never;
}

uint64_t play_never(struct play *play)
{
	uint64_t never = give_up(play);
	for (uint32_t i = 0; i < play->tracks.count; i++)
		never += play->tracks.items[i].lost > 0;
	return never;
}

/* The first call that the gateway placed in the capture and not now, and that nobody in it had asked for, while there
 * was an agent; RECORDING_NONE. */
static uint32_t find_unasked(const struct recording *rec)
{
	bool agent = false;
	for (uint32_t i = 0; i < rec->entry_count; i++) {
		const struct entry *entry = &rec->entries[i];
		bool opening = entry->out && entry->facts.request && facts_is(&entry->facts, "INVITE") &&
			       entry->leg != RECORDING_NONE && rec->legs[entry->leg].opening == i;
		if (!entry->out && entry->facts.request && facts_is(&entry->facts, "REFER"))
			return RECORDING_NONE;
		if (opening && agent && entry->state == ENTRY_OPEN)
			return i;
		agent |= opening && entry->state == ENTRY_DONE;
	}
	return RECORDING_NONE;
}

static bool has_transfer(const struct commands *commands)
{
	for (unsigned i = 0; i < commands->count; i++)
		if (strcmp(commands->items[i].method, "transfer") == 0)
			return true;
	return false;
}

/* As people may read it. For free(); NULL: there is none. */
static char *escaped(struct sip_text_span span)
{
	char *raw = span.at ? strndup(span.at, span.len) : NULL;
	char *text = raw ? text_escape(raw) : NULL;
	free(raw);
	return text;
}

/* What is typed at a gateway is in no capture of it. */
static void print_unasked(const struct play *play)
{
	const struct recording *rec = play->rec;
	uint32_t i = find_unasked(rec);
	if (i == RECORDING_NONE || play->history.refused || has_transfer(&play->options->commands))
		return;
	const struct entry *entry = &rec->entries[i];
	struct sip_text_span user = sip_text_uri_user(entry->facts.ruri);
	char *called = escaped(entry->facts.ruri);
	char *dial = user.len && *user.at == '+' ? escaped(user) : NULL;
	double s = (double)(entry->ns - rec->first_ns) / 1e9;
	if (called)
		fprintf(play->out,
			"  at %.3f s it called %s, which no REFER asks for: an operator's transfer, perhaps, which no "
			"capture "
			"holds. To repeat it: --at %.3fs transfer %s --to %s, or --plan NAME\n",
			s, called, s, rec->calls == 1 ? "1" : "CALL", dial ? dial : called);
	free(called);
	free(dial);
}

static void print_never(struct play *play)
{
	char label[LADDER_LABEL], from[XF_ADDR_STRLEN], to[XF_SOCKADDR_STRLEN];
	for (uint32_t i = 0; i < play->rec->entry_count; i++) {
		const struct entry *entry = &play->rec->entries[i];
		if (entry->out || entry->state != ENTRY_NEVER)
			continue;
		ladder_label_bytes(label, entry->data, entry->len);
		xf_addr_format(&entry->from.addr, from);
		fprintf(play->out, "never sent: #%llu %s from %s: %s\n", (unsigned long long)entry->number, label, from,
			entry->why ? entry->why : "out of memory");
		outcome(play, "never sent: %s from %s: %s", label, from, entry->why ? entry->why : "");
	}
	for (uint32_t i = 0; i < play->tracks.count; i++) {
		const struct track *track = &play->tracks.items[i];
		if (track->lost == 0)
			continue;
		xf_addr_format(&track->from.addr, from);
		xf_sockaddr_format(&track->to, to);
		fprintf(
		    play->out,
		    "never sent: #%llu and on: %llu packet%s of media from %s to %s: xfergate named no port for it\n",
		    (unsigned long long)track->lost_number, (unsigned long long)track->lost, plural(track->lost), from,
		    to);
		outcome(play, "never sent: media from %s", from);
	}
	print_unasked(play);
}

/* ---- calls and transfers */

/* A gateway that is not called by its own numbers refuses: those of a scrubbed capture, or of somebody else's. */
static void print_dial_hint(const struct play *play)
{
	const struct options *options = play->options;
	if (options->dial)
		fprintf(play->out, "  --dial must give a number that routes of %s has\n", options->config);
	else
		fprintf(play->out,
			"  routes and numbers of %s must have the number as it stands in the capture; %s--dial NUMBER "
			"dials another one\n",
			options->config, play->parties.as ? "" : "with --as caller=IP, ");
}

static void print_refused(struct play *play)
{
	const struct history *history = &play->history;
	uint64_t rest = history->refused;
	bool not_found = false;
	if (history->refused == 0)
		return;
	for (uint32_t i = 0; i < history->refusal_count; i++) {
		const struct history_refusal *refusal = &history->refusals[i];
		fprintf(play->out, "refused: %llu call%s: %d, %s\n", (unsigned long long)refusal->calls,
			plural(refusal->calls), refusal->status, refusal->reason);
		rest -= refusal->calls;
		not_found |= refusal->status == 404;
	}
	if (rest)
		fprintf(play->out, "refused: %llu more call%s for other reasons\n", (unsigned long long)rest,
			plural(rest));
	if (not_found)
		print_dial_hint(play);
	outcome(play, "refused: %llu", (unsigned long long)history->refused);
}

static void print_calls(struct play *play)
{
	const struct history *history = &play->history;
	for (uint32_t i = 0; i < history->call_count; i++) {
		const struct history_call *call = &history->calls[i];
		double from_s = (double)play_since(play, call->started_ns) / 1e9;
		fprintf(play->out, "call %u: %s to %s at %.3f s: ", i + 1, call->caller, call->dialled, from_s);
		if (call->answered_ns)
			fprintf(play->out, "answered after %.3f s, ",
				(double)(call->answered_ns - call->started_ns) / 1e9);
		if (call->ended_ns)
			fprintf(play->out, "ended at %.3f s%s%s\n", (double)play_since(play, call->ended_ns) / 1e9,
				call->reason[0] ? ": " : "", call->reason);
		else
			fprintf(play->out, "still up (%s)\n", call->state);
		outcome(play, "call %u: %s to %s: %s, %s%s%s", i + 1, call->caller, call->dialled,
			call->answered_ns ? "answered" : "not answered", call->ended_ns ? "ended" : "still up",
			call->reason[0] ? ": " : "", call->reason);
	}
	print_refused(play);
	for (uint32_t i = 0; i < history->transfer_count; i++) {
		const struct history_transfer *transfer = &history->transfers[i];
		const char *result = transfer->result[0] ? transfer->result : "still under way";
		fprintf(play->out, "transfer %u (%s) at %.3f s: %s", i + 1, transfer->origin,
			(double)play_since(play, transfer->started_ns) / 1e9, result);
		if (transfer->ended_ns)
			fprintf(play->out, " after %.3f s, %d%s%s",
				(double)(transfer->ended_ns - transfer->started_ns) / 1e9, transfer->status,
				transfer->reason[0] ? ": " : "", transfer->reason);
		fputc('\n', play->out);
		outcome(play, "transfer %u (%s): %s, %d%s%s", i + 1, transfer->origin, result, transfer->status,
			transfer->reason[0] ? ": " : "", transfer->reason);
	}
}

/* ---- packets */

static void print_drops(struct play *play)
{
	struct world_counts counts;
	world_counts(play->world, &counts);
	for (unsigned d = 0; d < XF_DROP_COUNT; d++) {
		if (counts.drops[d] == 0)
			continue;
		fprintf(play->out, "dropped: %llu %s (%s)\n", (unsigned long long)counts.drops[d], xf_drop_name(d),
			xf_drop_text(d));
		outcome(play, "drop %s: %llu", xf_drop_name(d), (unsigned long long)counts.drops[d]);
	}
	if (counts.missed)
		fprintf(play->out, "missed: %llu frames: more at once than a port takes\n",
			(unsigned long long)counts.missed);
}

static void print_packets(const struct play *play)
{
	const struct capture_notes *notes = &play->notes;
	fprintf(play->out, "in: %llu SIP, %llu media and other datagrams; out: %llu SIP, %llu media\n",
		(unsigned long long)play->sip_in, (unsigned long long)play->rtp_in, (unsigned long long)play->sip_sent,
		(unsigned long long)play->rtp_out);
	if (play->streams_in)
		fprintf(play->out, "%llu message%s of the capture came over TCP and entered as UDP datagrams\n",
			(unsigned long long)play->streams_in, plural(play->streams_in));
	if (play->tracks.left_out)
		fprintf(play->out, "left out: %llu media packet%s of dialogs that ended earlier than in the capture\n",
			(unsigned long long)play->tracks.left_out, plural(play->tracks.left_out));
	if (play->tracks.unnamed)
		fprintf(play->out,
			"left out: %llu media packet%s of parties to ports that no SDP of the capture names\n",
			(unsigned long long)play->tracks.unnamed, plural(play->tracks.unnamed));
	if (notes->short_packets)
		fprintf(play->out, "%llu packet%s of the capture %s cut or damaged within %s headers\n",
			(unsigned long long)notes->short_packets, plural(notes->short_packets),
			notes->short_packets == 1 ? "is" : "are", notes->short_packets == 1 ? "its" : "their");
	if (notes->tls_streams)
		fprintf(play->out, "%llu TLS stream%s of the capture cannot be read\n",
			(unsigned long long)notes->tls_streams, plural(notes->tls_streams));
	if (notes->cut)
		fprintf(play->out, "%llu packet%s of the capture %s cut off\n", (unsigned long long)notes->cut,
			plural(notes->cut), notes->cut == 1 ? "is" : "are");
	if (notes->fragments_lost)
		fprintf(play->out, "%llu fragment%s of the capture belong to datagrams that are not whole\n",
			(unsigned long long)notes->fragments_lost, plural(notes->fragments_lost));
	if (notes->tcp_gaps)
		fprintf(play->out, "%llu gap%s in the capture's TCP streams\n", (unsigned long long)notes->tcp_gaps,
			plural(notes->tcp_gaps));
}

void play_summary(struct play *play)
{
	give_up(play);
	if (play->ladder)
		lanes_print(&play->lanes, play->out, play->width);
	print_calls(play);
	print_packets(play);
	print_drops(play);
	for (uint32_t i = 0; i < play->notes_count; i++)
		fprintf(play->out, "%.3f s  %s\n", (double)play->notes_list[i].ns / 1e9, play->notes_list[i].text);
	for (uint32_t i = 0; i < play->news_count; i++)
		fprintf(play->out, "new: %.3f s  %s\n", (double)play->news[i].ns / 1e9, play->news[i].text);
	print_never(play);
}
