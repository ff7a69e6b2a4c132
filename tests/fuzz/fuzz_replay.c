/* A capture and a script into the replay, both planes and all. First byte: bit 0, the parties by --as; bit 1, the
 * script: lines up to an empty one. Then packets: a byte for who to whom, one for the time since the one before, and
 * bytes up to the mark. Whatever it is, the replay ends, says what it did not send, its report is JSON, what it wrote
 * is a capture, and a second run does the same, byte for byte. */
#include <errno.h>
#include <unistd.h>
#include <jansson.h>
#include "fuzz.h"
#include "replay/play.h"

#define PACKETS_MAX 64
#define MARK	    "\x01\x02"

static const char *const places[] = {
    "192.0.2.20:5060",	   "192.0.2.1:5060",	/* caller */
    "198.51.100.11:5060",  "198.51.100.1:5060", /* agent */
    "192.0.2.10:5060",	   "192.0.2.1:5060",	/* provider's edge */
    "203.0.113.10:5060",   "203.0.113.1:5060",	/* PBX */
    "192.0.2.20:20200",	   "192.0.2.1:17298",	/* media */
    "198.51.100.11:20110", "198.51.100.1:16550", "192.0.2.31:20310",
    "192.0.2.1:17274",	   "192.0.2.20:5060",	 "198.51.100.11:5060", /* between the parties */
};

/* In a folder of this process; in memory where there is one. */
static char folder[64], capture[80], script[80], report[80], output[80];

static void leave(void)
{
	rmdir(folder);
}

static char *read_file(const char *path, size_t *len)
{
	char *text = NULL;
	FILE *in = fopen(path, "rb"), *out = open_memstream(&text, len);
	fuzz_check(in && out, "%s was not written", path);
	for (int c; (c = fgetc(in)) != EOF;)
		fputc(c, out);
	fclose(in);
	fclose(out);
	return text;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	setenv("LAB_PASSWORD", "carrier-secret", 1);
	snprintf(folder, sizeof(folder), "%s/xfergate-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	fuzz_check(mkdtemp(folder));
	atexit(leave);
	snprintf(capture, sizeof(capture), "%s/in.pcap", folder);
	snprintf(script, sizeof(script), "%s/script", folder);
	snprintf(report, sizeof(report), "%s/report.json", folder);
	snprintf(output, sizeof(output), "%s/out.pcap", folder);
	return 0;
}

static struct xf_sockaddr place(unsigned i)
{
	struct xf_sockaddr at = {0};
	char host[32];
	const char *colon = strchr(places[i], ':');
	snprintf(host, sizeof(host), "%.*s", (int)(colon - places[i]), places[i]);
	fuzz_check(xf_addr_parse(&at.addr, host) == 0);
	at.port = (uint16_t)atoi(colon + 1);
	return at;
}

/* parties: a packet between them, for who is named must be there. */
static void write_capture(struct fuzz_bytes *in, bool parties)
{
	struct capture_writer *writer;
	char why[CAPTURE_WHY];
	uint64_t ns = 1700000000ull * 1000000000ull;
	fuzz_check(capture_writer_open(&writer, capture, why) == 0, "%s", why);
	if (parties) {
		struct xf_sockaddr caller = place(0), agent = place(2);
		capture_writer_udp(writer, ns, &caller, &agent, "\r\n", 2);
	}
	for (unsigned i = 0; i < PACKETS_MAX && in->left; i++) {
		uint8_t who = fuzz_u8(in), since = fuzz_u8(in);
		unsigned pair = who % (sizeof(places) / sizeof(places[0]) / 2) * 2, swap = who >> 7;
		struct xf_sockaddr from = place(pair + swap), to = place(pair + !swap);
		const uint8_t *mark = in->left ? memmem(in->at, in->left, MARK, 2) : NULL;
		size_t got, len = mark ? (size_t)(mark - in->at) : in->left;
		const uint8_t *data = fuzz_take(in, len, &got);
		/* Up to 1.2 s, or up to four hours. */
		ns += since < 0xf0 ? since * 5000000ull : (since - 0xefull) * 900000000000ull;
		capture_writer_udp(writer, ns, &from, &to, data, got > 1400 ? 1400 : got);
		fuzz_take(in, 2, &got);
	}
	fuzz_check(capture_writer_close(writer, true) == 0);
}

static void is_report(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, 0, &error);
	fuzz_check(json_is_object(json), "%s: %s", error.text, text);
	json_decref(json);
}

static void is_capture(const char *path)
{
	struct capture_reader *reader;
	struct capture_unit unit;
	char why[CAPTURE_WHY];
	int r;
	fuzz_check(capture_reader_open(&reader, path, why) == 0, "%s", why);
	while ((r = capture_reader_next(reader, &unit)) == 1)
		;
	fuzz_check(r == 0 && !capture_reader_notes(reader)->damage[0], "%s", capture_reader_notes(reader)->damage);
	capture_reader_close(reader);
}

/* What it did, as text for free(); NULL: it was refused. */
static char *play(const struct options *base, size_t *len)
{
	struct options options = *base;
	struct play *play;
	char *summary = NULL, *all = NULL;
	size_t summary_len = 0, report_len, out_len;
	FILE *memory = open_memstream(&summary, &summary_len);
	fuzz_check(memory);
	options.report = report;
	options.out = output;
	int r = play_open(&play, &options, memory);
	fuzz_check(r == 0 || r == -EINVAL || r == PLAY_USAGE, "%s", strerror(-r));
	if (r == 0) {
		fuzz_check(play_run(play) == 0);
		play_never(play);
		play_summary(play);
		fuzz_check(play_report(play, options.report) == 0);
		if (play->writer)
			fuzz_check(capture_writer_close(play->writer, true) == 0);
		play->writer = NULL;
		play_close(play);
	}
	fclose(memory);
	if (getenv("FUZZ_SHOW"))
		fputs(summary, stderr);
	if (r == 0) {
		char *text = read_file(report, &report_len), *wire = read_file(output, &out_len);
		is_report(text);
		is_capture(output);
		*len = summary_len + report_len + out_len;
		all = malloc(*len + 1);
		fuzz_check(all);
		memcpy(all, summary, summary_len);
		memcpy(all + summary_len, text, report_len);
		memcpy(all + summary_len + report_len, wire, out_len);
		free(text);
		free(wire);
	}
	free(summary);
	unlink(report);
	unlink(output);
	return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_bytes in = {data, len};
	char why[COMMANDS_WHY];
	size_t got, first_len, second_len;
	uint8_t how = fuzz_u8(&in);
	if (len > 65536)
		return 0;
	struct options options = {.capture = capture,
				  .config = REPLAY_CONFIG,
				  .as = how & 1 ? "caller=192.0.2.20,callee=198.51.100.11" : NULL,
				  .ladder = how & 4,
				  .seed = 1};
	int r = 0;
	if (how & 2) {
		const uint8_t *end = in.left ? memmem(in.at, in.left, "\n\n", 2) : NULL;
		const uint8_t *text = fuzz_take(&in, end ? (size_t)(end + 2 - in.at) : in.left, &got);
		FILE *file = fopen(script, "wb");
		fuzz_check(file && fwrite(text, 1, got, file) == got && fclose(file) == 0);
		r = commands_file(&options.commands, script, why);
		unlink(script);
		fuzz_check(r == 0 || why[0], "a reason");
	}
	write_capture(&in, how & 1);
	char *first = r == 0 ? play(&options, &first_len) : NULL;
	if (first && how & 8) {
		char *second = play(&options, &second_len);
		fuzz_check(second && first_len == second_len && memcmp(first, second, first_len) == 0,
			   "two runs of one capture differ");
		free(second);
	}
	free(first);
	commands_fini(&options.commands);
	unlink(capture);
	return 0;
}
