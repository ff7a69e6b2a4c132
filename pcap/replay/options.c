#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/nearest.h"
#include "xfergate/e164.h"

const char options_usage[] =
    "usage: xfergate replay CAPTURE -c CONFIG [options]\n\n"
    "Plays a capture into the gateway, offline and on a virtual clock: the same every time.\n\n"
    "  -c FILE               configuration of the gateway\n"
    "  -o FILE               what the gateway sends, as a pcap\n"
    "  --as NAME=IP[@PEER],… the parties of a capture in which somebody else was the middle:\n"
    "                        caller=192.0.2.20,callee=198.51.100.7; @PEER: it talks to the gateway\n"
    "                        from the first address of that provider or agent\n"
    "  --dial NUMBER         what the caller of --as dials, in any spelling, in place of what it dialled\n"
    "  --at TIME COMMAND     transfer CALL --plan NAME|--to NUMBER, hangup CALL; TIME since the\n"
    "                        capture's first packet (4.2s); CALL 1 is the first call. No capture\n"
    "                        holds what an operator typed: give it here\n"
    "  --script FILE         the same, a line each: 4.2s transfer 1 --plan sales\n"
    "  --target HOW          what targets do that the capture does not have: answer[:DELAY], busy,\n"
    "                        silent or a SIP code; else answer:1s\n"
    "  --host NAME=IP        address of a host name that the capture does not tell\n"
    "  --expect DIR          compares with what is stored there\n"
    "  --accept              with --expect: stores what came out instead\n"
    "  --ladder              prints who sent what to whom\n"
    "  --report FILE         figures as JSON; -: standard output\n"
    "  --seed N              of what the gateway chooses at random; 1\n"
    "  --verbose             the log of the gateway on stderr\n\n"
    "exit status: 0 all was sent; 1 error; 2 wrong usage; 3 something could never be sent, or a\n"
    "             command was refused; 4 it differs from what is expected\n\n"
    "examples:\n"
    "  xfergate replay call.pcap -c /etc/xfergate/xfergate.yaml --ladder\n"
    "  xfergate replay phones.pcap -c lab.yaml --as caller=10.0.0.5@carrier,callee=10.0.0.9@bot \\\n"
    "      --at 4.2s transfer 1 --plan sales -o out.pcap\n";

struct reader {
	struct options *options;
	char **argv;
	int argc, at;
	char *why;
};

static int refuse(struct reader *r, const char *what, const char *value)
{
	snprintf(r->why, OPTIONS_WHY, "%s%s%.200s%s", what, value ? " '" : "", value ? value : "", value ? "'" : "");
	return -EINVAL;
}

/* The last two end no command. */
static const char *const option_names[] = {"-c",       "-o",	    "--as",	"--at",	    "--dial",	"--script",
					   "--target", "--host",    "--expect", "--accept", "--ladder", "--report",
					   "--seed",   "--verbose", "--help",	"--version"};
#define OWN_OPTIONS (sizeof(option_names) / sizeof(option_names[0]) - 2)

/* Words that end a command of --at: a file name would be one more word of it, so it comes before. */
static bool is_own_option(const char *word)
{
	for (size_t i = 0; i < OWN_OPTIONS; i++) {
		size_t len = strlen(option_names[i]);
		if (strncmp(word, option_names[i], len) == 0 && (word[len] == 0 || word[len] == '='))
			return true;
	}
	return false;
}

static int refuse_option(struct reader *r, const char *word)
{
	char name[NEAREST_WORD_MAX + 1];
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	const char *near = nearest_find(name, option_names, sizeof(option_names) / sizeof(option_names[0]));
	if (strcmp(name, "--json") == 0)
		return refuse(r, "no option '--json' here; --report FILE writes the figures as JSON", NULL);
	if (strcmp(name, "--socket") == 0)
		return refuse(r, "no option '--socket' here; a replay asks no running gateway", NULL);
	if (near) {
		snprintf(r->why, OPTIONS_WHY, "no option '%.200s'; did you mean '%s'?", word, near);
		return -EINVAL;
	}
	snprintf(r->why, OPTIONS_WHY, "no option '%.200s'; xfergate replay --help lists what there is", word);
	return -EINVAL;
}

/* A command: its name, CALL, and option pairs. */
static int read_at(struct reader *r, const char *time)
{
	uint64_t ns;
	int first = r->at;
	const char *wrong = commands_time(&ns, time);
	if (wrong) {
		snprintf(r->why, OPTIONS_WHY, "--at: '%.200s' %s; first comes a time, " COMMANDS_TIME, time, wrong);
		return -EINVAL;
	}
	for (int words = 0; r->at < r->argc && !is_own_option(r->argv[r->at]); words++) {
		/* behind the name and CALL stand pairs */
		if (words >= 2 && strncmp(r->argv[r->at], "--", 2) != 0)
			break;
		r->at += words >= 2 && r->at + 1 < r->argc ? 2 : 1;
	}
	return commands_add(&r->options->commands, "--at", ns, r->argv + first, (unsigned)(r->at - first), r->why);
}

static int read_seed(struct reader *r, const char *text)
{
	char *end;
	errno = 0;
	r->options->seed = strtoull(text, &end, 10);
	return errno || *end || *text < '0' || *text > '9' ? refuse(r, "--seed: a number, not", text) : 0;
}

static int set_text(struct reader *r, const char **place, const char *name, const char *value)
{
	if (*place)
		return refuse(r, "given twice:", name);
	*place = value;
	return 0;
}

static int read_value(struct reader *r, const char *name, const char *value)
{
	struct options *o = r->options;
	const struct {
		const char *name;
		const char **place;
	} texts[] = {{"-c", &o->config},       {"-o", &o->out},	 {"--expect", &o->expect},
		     {"--report", &o->report}, {"--as", &o->as}, {"--dial", &o->dial}};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(name, texts[i].name) == 0)
			return set_text(r, texts[i].place, name, value);
	if (strcmp(name, "--at") == 0)
		return read_at(r, value);
	if (strcmp(name, "--script") == 0)
		return commands_file(&o->commands, value, r->why);
	if (strcmp(name, "--target") == 0)
		return commands_target(&o->commands, "--target", "", value, r->why);
	if (strcmp(name, "--seed") == 0)
		return read_seed(r, value);
	if (strcmp(name, "--host") == 0) {
		if (o->host_count == OPTIONS_HOSTS)
			return refuse(r, "too many --host", NULL);
		o->hosts[o->host_count++] = value;
		return 0;
	}
	return refuse_option(r, name);
}

static int read_option(struct reader *r, char *word)
{
	struct options *o = r->options;
	const struct {
		const char *name;
		bool *place;
	} flags[] = {{"--accept", &o->accept}, {"--ladder", &o->ladder}, {"--verbose", &o->verbose},
		     {"--help", &o->help},     {"-h", &o->help},	 {"--version", &o->version}};
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strcmp(word, flags[i].name) == 0) {
			*flags[i].place = true;
			return 0;
		}
	char name[16];
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	if (len >= sizeof(name) || !is_own_option(word))
		return refuse_option(r, word);
	memcpy(name, word, len);
	name[len] = 0;
	if (!equals && r->at == r->argc)
		return refuse(r, "a value is missing after", name);
	const char *value = equals ? equals + 1 : r->argv[r->at++];
	return *value ? read_value(r, name, value) : refuse(r, "a value is missing after", name);
}

bool options_is_user(const char *dial)
{
	return dial[strspn(dial, "+0123456789abcdefghijklmnopqrstuvwxyz-_.")] == 0;
}

int options_parse(struct options *options, int argc, char **argv, char why[static OPTIONS_WHY])
{
	struct reader r = {.options = options, .argc = argc, .argv = argv, .why = why};
	bool literal = false;
	*options = (struct options){.seed = 1};
	while (r.at < argc) {
		char *word = argv[r.at++];
		int error = 0;
		if (!literal && strcmp(word, "--") == 0)
			literal = true;
		else if (!literal && word[0] == '-' && word[1])
			error = read_option(&r, word);
		else if (options->capture)
			error = refuse(&r, "one capture at a time; there is also", word);
		else
			options->capture = word;
		if (error < 0)
			return error;
	}
	if (options->help || options->version)
		return 0;
	if (!options->capture)
		return refuse(&r, "CAPTURE is missing; xfergate replay CAPTURE -c CONFIG", NULL);
	if (!options->config)
		return refuse(&r, "-c CONFIG is missing; the configuration of the gateway that is to play", NULL);
	if (options->dial && !options->as)
		return refuse(&r, "--dial goes with --as", NULL);
	if (options->dial && !options_is_user(options->dial) && !e164_is_spelling(options->dial))
		return refuse(&r, "--dial: a number in any spelling, or a user part of letters, digits and +-_., not",
			      options->dial);
	if (options->accept && !options->expect)
		return refuse(&r, "--accept stores what came out in the directory of --expect DIR, which is missing",
			      NULL);
	if (options->out && options->report && strcmp(options->out, "-") == 0 && strcmp(options->report, "-") == 0)
		return refuse(&r, "-o - and --report - both write to standard output", NULL);
	if (options->out && strcmp(options->out, "-") == 0 && options->ladder)
		return refuse(&r, "-o - and --ladder both write to standard output", NULL);
	return 0;
}

void options_fini(struct options *options)
{
	commands_fini(&options->commands);
}
