/* Before the first packet: configuration, both readings of the capture, the world. */
#include "play.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "policy/number.h"

#define FIRST_NS    10000000000ull /* no live time is earlier: the planes' clocks begin at boot, and go back in places */
#define LATEST_NS   4262304000000000000ull /* nor later, a year before what a pcap can say: 2105 */
#define CLOCKS_SAID 5
#define LEAD_NS	    100000000ull /* from the world's beginning to the first packet */

__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
	__builtin_va_list args;
	__builtin_va_start(args, format);
	fputs("xfergate-replay: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	__builtin_va_end(args);
}

/* A secret that is not at hand is no reason not to replay: credentials are needed where the capture has a challenge. */
static int load_config(struct play *play, const char *path)
{
	char *errors = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&errors, &len);
	if (!memory)
		return -ENOMEM;
	int r = config_load(&play->config, path, memory);
	fclose(memory);
	if (r == -EINVAL) {
		char *more = NULL;
		memory = open_memstream(&more, &len);
		int again = memory ? config_load_without_secrets(&play->config, path, memory) : -ENOMEM;
		if (memory)
			fclose(memory);
		free(more);
		if (again == 0) {
			fputs(errors, stderr);
			complain("goes on without passwords: answers to challenges will be wrong");
			r = 0;
		}
	}
	if (r < 0)
		fputs(errors, stderr);
	free(errors);
	return r;
}

/* ---- first reading */

/* The clock of the capture is put back: what is behind this goes on where the time was. */
static void say_back(struct play *play, const char *path, uint64_t number, uint64_t back_ns)
{
	play->clock_back++;
	if (play->clock_back <= CLOCKS_SAID)
		complain("%s: packet %llu has a time %.3f s before that of the one before it; it is played right "
			 "behind that one",
			 path, (unsigned long long)number, (double)back_ns / 1e9);
}

static int read_unit(struct play *play, const struct capture_unit *unit)
{
	int r = recording_add(play->rec, unit);
	if (r < 0 || !play->judge)
		return r;
	uint64_t ns = unit->ns > play->rec->first_ns ? unit->ns - play->rec->first_ns : 0;
	if (sip_text_is_sip(unit->data, unit->len))
		judge_captured_sip(play->judge, ns, &unit->from, &unit->to, unit->data, unit->len);
	else if (unit->kind == CAPTURE_UDP)
		judge_captured(play->judge, ns, &unit->from, &unit->to, unit->data, unit->len);
	return 0;
}

static int read_capture(struct play *play, const char *path)
{
	struct capture_reader *reader;
	struct capture_unit unit;
	struct clock clock = {.begun = false};
	char why[CAPTURE_WHY];
	int r = capture_reader_open(&reader, path, why);
	if (r < 0) {
		complain("%s: %s", path, why);
		return r;
	}
	while ((r = capture_reader_next(reader, &unit)) == 1) {
		uint64_t back_ns;
		unit.ns = clock_next(&clock, unit.ns, &back_ns);
		if (back_ns)
			say_back(play, path, unit.number, back_ns);
		if ((r = read_unit(play, &unit)) < 0)
			break;
	}
	if (play->clock_back > CLOCKS_SAID)
		complain("%s: %llu such packets in all", path, (unsigned long long)play->clock_back);
	play->notes = *capture_reader_notes(reader);
	capture_reader_close(reader);
	if (r < 0)
		complain("%s: out of memory", path);
	else if (play->notes.damage[0])
		complain("%s: %s; what comes before is played", path, play->notes.damage);
	return r;
}

/* Who opens dialogs must be somebody to the gateway. */
static int check_parties(const struct play *play)
{
	char why[PARTIES_WHY];
	for (uint32_t i = 0; i < play->rec->leg_count; i++) {
		const struct script_leg *leg = &play->rec->legs[i];
		if (leg->party == PARTY_NONE || !leg->by_party || play->parties.named[leg->party].network != XF_NONE)
			continue;
		parties_stranger(&play->parties.named[leg->party], why);
		complain("%s", why);
		return PLAY_USAGE;
	}
	return 0;
}

/* Who is named must be in the capture. */
static int check_seen(const struct play *play, const char *path)
{
	const struct recording *rec = play->rec;
	for (uint32_t i = 0; i < play->parties.count; i++) {
		const struct party *party = &play->parties.named[i];
		char addr[XF_ADDR_STRLEN], speakers[RECORDING_SPEAKERS * (XF_ADDR_STRLEN + 2)] = "";
		size_t n = 0;
		if (rec->party_seen[i])
			continue;
		for (uint32_t k = 0; k < rec->speaker_count; k++)
			n += (size_t)snprintf(speakers + n, sizeof(speakers) - n, "%s%s", k ? ", " : "",
					      xf_addr_format(&rec->speakers[k], addr));
		complain("--as: no packet of %s is from or to %s %s; SIP in it is of %s%s", path, party->name,
			 xf_addr_format(&party->recorded, addr), speakers, rec->speakers_more ? " and others" : "");
		return PLAY_USAGE;
	}
	return 0;
}

static int check_capture(const struct play *play, const char *path)
{
	const struct recording *rec = play->rec;
	char from[XF_SOCKADDR_STRLEN], to[XF_SOCKADDR_STRLEN], own[XF_ADDR_STRLEN];
	if (rec->talker[0].port && play->parties.as) {
		int r = check_seen(play, path);
		return r ? r : check_parties(play);
	}
	if (rec->gateway_packets > 0)
		return 0;
	if (play->notes.packets == 0) {
		complain("%s: there is no packet in it", path);
	} else if (rec->talker[0].port == 0) {
		complain("%s: none of its %llu packets is SIP%s", path, (unsigned long long)play->notes.packets,
			 play->notes.tls_streams ? "; its TLS cannot be read" : "");
	} else {
		xf_sockaddr_format(&rec->talker[0], from);
		xf_sockaddr_format(&rec->talker[1], to);
		xf_addr_format(&play->config->networks[0].sip.addr, own);
		complain("%s: no packet of it goes to an address of the configuration (%s%s); SIP goes from %s to "
			 "%s. Where somebody else was the middle, name the parties: --as caller=IP,callee=IP",
			 path, own, play->config->network_count > 1 ? ", …" : "", from, to);
	}
	return -EINVAL;
}

/* Names that the user and the configuration tell. */
static int learn_names(struct play *play)
{
	struct names *names = &play->rec->names;
	const struct config *config = play->config;
	int r = 0;
	for (unsigned i = 0; i < play->options->host_count && r == 0; i++) {
		r = names_add_user(names, play->options->hosts[i]);
		if (r == -EINVAL) {
			complain("--host: '%s' is not NAME=IP", play->options->hosts[i]);
			return PLAY_USAGE;
		}
	}
	/* the target of a provider is where its calls go; its caller only if nobody else is there */
	for (unsigned turn = 0; turn < 2; turn++)
		for (uint32_t i = 0; i < play->parties.count && r == 0; i++) {
			const struct party *party = &play->parties.named[i];
			bool caller = strcmp(party->name, "caller") == 0;
			if (party->index == XF_NONE)
				continue;
			const char *host = party->agent ? config->agents[party->index].uri.host
							: config->providers[party->index].trunk.host;
			if (caller == (turn == 1) && (turn == 0 || !names_find(names, host)))
				r = names_add(names, (struct sip_text_span){host, strlen(host)}, &party->shown,
					      NAME_PARTY);
		}
	return r ? r : names_guess(names, config);
}

/* ---- the world */

/* What the caller hears of the gateway's own is a note in the ladder. */
static void draw_announcement(struct play *play, uint64_t now, const char *line)
{
	char event[32], sound[64], seconds[16], reason[TRANSFER_REASON_MAX];
	if (!history_value(line, "event", event, sizeof(event)) || strncmp(event, "announcement", 12) != 0 ||
	    !history_value(line, "sound", sound, sizeof(sound)))
		return;
	if (strcmp(event, "announcement") == 0)
		lanes_note(&play->lanes, now, "announcement %s", sound);
	else if (history_value(line, "seconds", seconds, sizeof(seconds)) &&
		 history_value(line, "reason", reason, sizeof(reason)))
		lanes_note(&play->lanes, now, "announcement %s, %s s: %s", sound, seconds, reason);
}

static void on_log(void *arg, enum log_level level, const char *line)
{
	struct play *play = arg;
	uint64_t now = play->world ? world_now(play->world) : 0;
	history_log(&play->history, now, line);
	if (play->ladder)
		draw_announcement(play, now, line);
	if (play->options->verbose && play->world)
		fprintf(stderr, "%10.6f %s\n", (double)play_since(play, now) / 1e9, line);
	/* Why the planes do not start. */
	if (!play->world && level == LOG_LEVEL_ERROR) {
		complain("%s", line);
		play->explained = true;
	}
}

static int open_world(struct play *play)
{
	struct world_config config = {
	    .config = play->config,
	    .ops = {.arg = play,
		    .frame = play_frame,
		    .resolve = play_resolve,
		    .route = play_route,
		    .reply = play_reply,
		    .log = on_log},
	    .seed = play->options->seed,
	    .start_ns = play->rec->first_ns + play->shift_ns - LEAD_NS,
	};
	static bool started; /* DPDK does so once a process */
	int r = started ? 0 : world_init("xfergate-replay", play->config->memory_mb);
	started = r == 0;
	if (r == 0)
		r = world_create(&play->world, &config);
	if (r < 0 && !play->explained)
		complain("the planes do not start: %s", strerror(-r));
	return r;
}

static int open_tracks(struct play *play)
{
	struct capture_reader *reader;
	char why[CAPTURE_WHY];
	struct capture_ahead *ahead;
	int r = capture_reader_open(&reader, play->options->capture, why);
	if (r < 0) {
		complain("%s: %s", play->options->capture, why);
		return r;
	}
	r = capture_ahead_start(&ahead, reader);
	return r < 0 ? r : tracks_init(&play->tracks, play->rec, ahead, play->shift_ns);
}

/* Legs by their first inputs, and what stands outside legs. */
static int make_schedule(struct play *play)
{
	struct recording *rec = play->rec;
	play->touched = calloc(rec->leg_count + 1, sizeof(*play->touched));
	play->is_touched = calloc(rec->leg_count + 1, sizeof(*play->is_touched));
	play->loose = calloc(rec->entry_count + 1, sizeof(*play->loose));
	if (!play->touched || !play->is_touched || !play->loose)
		return -ENOMEM;
	for (uint32_t i = 0; i < rec->leg_count; i++)
		play_touch(play, i);
	for (uint32_t i = 0; i < rec->entry_count; i++)
		if (!rec->entries[i].out && rec->entries[i].leg == RECORDING_NONE && !rec->entries[i].cut)
			play->loose[play->loose_count++] = i;
	return 0;
}

static int open_outputs(struct play *play)
{
	const struct standin_ops ops = {.arg = play, .send = play_send_standin, .note = play_standin_note};
	char why[CAPTURE_WHY];
	int r = capture_reassembly_create(&play->outputs);
	if (r == 0 && play->options->ladder) {
		r = lanes_init(&play->lanes, play->rec);
		play->ladder = r == 0;
	}
	if (r == 0 && play->options->out && (r = capture_writer_open(&play->writer, play->options->out, why)) < 0)
		complain("%s: %s", play->options->out, why);
	standin_init(&play->standin, &play->options->commands, &play->matcher, play->end_ns, &ops);
	return r;
}

/* The capture is read twice, so it must be a file that can be. */
static int check_file(const char *path)
{
	struct capture_reader *reader;
	struct stat st;
	char why[CAPTURE_WHY];
	if (strcmp(path, "-") == 0 || (stat(path, &st) == 0 && S_ISFIFO(st.st_mode))) {
		complain("a capture is read twice: a file, not a pipe");
		return -ESPIPE;
	}
	/* said before anything about the configuration is */
	int r = capture_reader_open(&reader, path, why);
	if (r < 0)
		complain("%s: %s", path, why);
	else
		capture_reader_close(reader);
	return r;
}

/* A number with brackets or spaces in it is read as the caller's provider would read it, and dialled in its way; what
 * can be the user part of a URI is dialled as it stands. */
static int read_dial(struct play *play, char why[static PARTIES_WHY])
{
	const char *dial = play->options->dial;
	const struct party *caller = parties_named(&play->parties, "caller");
	const struct config_provider *provider =
	    caller && caller->index != XF_NONE && !caller->agent ? &play->config->providers[caller->index] : NULL;
	struct e164 number;
	char explained[E164_WHY_MAX];
	play->parties.dial = dial;
	if (!dial || options_is_user(dial))
		return 0;
	enum e164_result result = e164_parse(&number, dial, provider ? provider->region : NULL);
	if (result != E164_OK) {
		snprintf(why, PARTIES_WHY, "--dial: '%.64s' %s", dial,
			 e164_explain(explained, sizeof(explained), result, &number));
		return -EINVAL;
	}
	snprintf(play->dial, sizeof(play->dial), "%s", provider ? number_format(number.text, provider) : number.text);
	play->parties.dial = play->dial;
	return 0;
}

static int open_parties(struct play *play)
{
	char why[PARTIES_WHY];
	int r = parties_init(&play->parties, play->config, play->options->as, why);
	if (r == 0)
		r = read_dial(play, why);
	if (r < 0)
		complain("%s", why);
	return r == -EINVAL ? PLAY_USAGE : r;
}

static int open_all(struct play *play)
{
	const struct options *options = play->options;
	int r = check_file(options->capture);
	if (r == 0)
		r = load_config(play, options->config);
	if (r == 0)
		r = open_parties(play);
	if (r == 0 && (options->report || options->expect))
		r = judge_create(&play->judge, options->expect != NULL);
	if (r == 0)
		r = recording_create(&play->rec, play->config, &play->parties);
	if (r == 0) {
		matcher_init(&play->matcher, play->rec);
		r = read_capture(play, options->capture);
	}
	if (r == 0)
		r = check_capture(play, options->capture);
	if (r == 0)
		r = learn_names(play);
	if (r)
		return r;
	if (play->rec->first_ns < FIRST_NS || play->rec->last_ns > LATEST_NS)
		play->shift_ns = FIRST_NS - play->rec->first_ns; /* it may wrap, and sums with it wrap back */
	play->end_ns = play->rec->last_ns + play->shift_ns;
	r = make_schedule(play);
	if (r == 0)
		r = open_tracks(play);
	if (r == 0)
		r = open_outputs(play);
	return r < 0 ? r : open_world(play);
}

int play_open(struct play **out, const struct options *options, FILE *summary)
{
	struct play *play = calloc(1, sizeof(*play));
	if (!play)
		return -ENOMEM;
	play->options = options;
	play->out = summary;
	play->opened = RECORDING_NONE;
	int r = open_all(play);
	if (r == -ENOMEM)
		complain("out of memory");
	if (r)
		play_close(play);
	else
		*out = play;
	return r;
}

static void free_notes(struct play_note *list, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		free(list[i].text);
	free(list);
}

void play_close(struct play *play)
{
	if (!play)
		return;
	world_destroy(play->world);
	if (play->ladder)
		lanes_fini(&play->lanes);
	if (play->writer)
		capture_writer_close(play->writer, false);
	if (play->outputs)
		capture_reassembly_destroy(play->outputs);
	judge_destroy(play->judge);
	standin_fini(&play->standin);
	if (play->rec)
		tracks_fini(&play->tracks);
	matcher_fini(&play->matcher);
	history_fini(&play->history);
	heap_fini(&play->legs);
	recording_destroy(play->rec);
	config_destroy(play->config);
	free(play->loose);
	free(play->touched);
	free(play->is_touched);
	free_notes(play->news, play->news_count);
	free_notes(play->notes_list, play->notes_count);
	free(play);
}
