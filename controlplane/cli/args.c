#include "args.h"

#include <errno.h>
#include <stdio.h>
#include "nearest.h"

#define ANY COMMAND_COUNT

/* What an option sets, and of which command it is. */
struct option {
	const char *name;
	unsigned command; /* ANY: of every command */
	size_t text;	  /* offset of a const char * in struct args; 0: none */
	size_t flag;	  /* offset of a bool; 0: none */
	size_t list;	  /* offset of a struct args_list; 0: none */
};

static const struct option options[] = {
    {"--socket", ANY, .text = offsetof(struct args, socket)},
    {"--json", ANY, .flag = offsetof(struct args, json)},
    {"--help", ANY, .flag = offsetof(struct args, help)},
    {"-h", ANY, .flag = offsetof(struct args, help)},
    {"--version", ANY, .flag = offsetof(struct args, version)},
    {"--to", COMMAND_TRANSFER, .text = offsetof(struct args, to)},
    {"--plan", COMMAND_TRANSFER, .text = offsetof(struct args, plan)},
    {"--caller-id", COMMAND_TRANSFER, .text = offsetof(struct args, caller_id)},
    {"--no-wait", COMMAND_TRANSFER, .flag = offsetof(struct args, no_wait)},
    {"--reason", COMMAND_HANGUP, .text = offsetof(struct args, reason)},
    {"--lane", COMMAND_LADDER, .list = offsetof(struct args, lanes)},
    {"--hub", COMMAND_LADDER, .text = offsetof(struct args, hub)},
    {"--call", COMMAND_LADDER, .text = offsetof(struct args, call_id)},
    {"--no-media", COMMAND_LADDER, .flag = offsetof(struct args, no_media)},
    {"-o", COMMAND_CAPTURE, .text = offsetof(struct args, output)},
    {"--all", COMMAND_CAPTURE, .flag = offsetof(struct args, all)},
    {"--media", COMMAND_CAPTURE, .flag = offsetof(struct args, media)},
    {"--scrub", COMMAND_CAPTURE, .flag = offsetof(struct args, scrub)},
    {"--for", COMMAND_CAPTURE, .text = offsetof(struct args, duration)},
};
#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

struct reader {
	struct args *args;
	int argc;
	const char *const *argv;
	int at;
	bool literal;			  /* after "--" */
	const char *words[2 + ARGS_LIST]; /* what is no option, in order */
	unsigned word_count;
	const struct option *used[OPTION_COUNT];
	char *why;
	size_t why_size;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct reader *reader, const char *format, ...)
{
	__builtin_va_list list;
	__builtin_va_start(list, format);
	vsnprintf(reader->why, reader->why_size, format, list);
	__builtin_va_end(list);
	return -EINVAL;
}

static int refuse_option(struct reader *reader, const char *word)
{
	const char *names[OPTION_COUNT];
	for (size_t i = 0; i < OPTION_COUNT; i++)
		names[i] = options[i].name;
	const char *near = nearest_find(word, names, OPTION_COUNT);
	if (near)
		return refuse(reader, "no option '%s'; did you mean '%s'?", word, near);
	return refuse(reader, "no option '%s'; xfergate --help lists what there is", word);
}

static int add_to(struct reader *reader, struct args_list *list, const char *what, const char *value)
{
	if (list->count == ARGS_LIST)
		return refuse(reader, "at most %u %s can be given", ARGS_LIST, what);
	list->items[list->count++] = value;
	return 0;
}

static int read_option(struct reader *reader, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option *option = &options[i];
		if (strlen(option->name) != len || memcmp(option->name, word, len) != 0)
			continue;
		if (reader->used[i] && option->text)
			return refuse(reader, "%s is given twice", option->name);
		reader->used[i] = option;
		if (option->flag) {
			if (equals)
				return refuse(reader, "%s takes no value", option->name);
			*(bool *)((char *)reader->args + option->flag) = true;
			return 0;
		}
		const char *value = equals ? equals + 1 : NULL;
		if (!value && reader->at < reader->argc)
			value = reader->argv[reader->at++];
		if (!value || !*value)
			return refuse(reader, "%s needs a value", option->name);
		if (option->list)
			return add_to(reader, (struct args_list *)((char *)reader->args + option->list), option->name,
				      value);
		*(const char **)((char *)reader->args + option->text) = value;
		return 0;
	}
	return refuse_option(reader, word);
}

static int read_words(struct reader *reader)
{
	const size_t room = sizeof(reader->words) / sizeof(reader->words[0]);
	while (reader->at < reader->argc) {
		const char *word = reader->argv[reader->at++];
		int r = 0;
		if (!reader->literal && strcmp(word, "--") == 0)
			reader->literal = true;
		else if (!reader->literal && word[0] == '-' && word[1])
			r = read_option(reader, word);
		else if (reader->word_count == room)
			r = refuse(reader, "too many arguments, from '%s' on", word);
		else
			reader->words[reader->word_count++] = word;
		if (r < 0)
			return r;
	}
	return 0;
}

/* The command whose words begin at words[first]; *used: how many of them it takes. */
static int find_command(struct reader *reader, unsigned first, unsigned *command, unsigned *used)
{
	char words[NEAREST_WORD_MAX * 2 + 2];
	const char *one = reader->words[first], *two = first + 1 < reader->word_count ? reader->words[first + 1] : NULL;
	const char *names[COMMAND_COUNT + 1];
	bool show = strcmp(one, "show") == 0;
	snprintf(words, sizeof(words), "%s%s%s", one, show && two ? " " : "", show && two ? two : "");
	*used = show && two ? 2 : 1;
	*command = command_find(words);
	if (*command < COMMAND_COUNT)
		return 0;
	if (show && !two)
		return refuse(reader,
			      "show what? calls, call CALL, transfers, endpoints, ports, sources, screen, dataplane, "
			      "numbers, plans, providers, stats or version");
	for (unsigned i = 0; i < COMMAND_COUNT; i++)
		names[i] = command_info(i)->words;
	names[COMMAND_COUNT] = "show";
	const char *near = nearest_find(words, names, COMMAND_COUNT + 1);
	if (!near && two && !show) {
		snprintf(words, sizeof(words), "%s %s", one, two);
		near = nearest_find(words, names, COMMAND_COUNT);
	}
	/* "calls" for "show calls" */
	for (unsigned i = 0; !near && i < COMMAND_COUNT; i++)
		if (strncmp(names[i], "show ", 5) == 0 && nearest_find(one, (const char *[]){names[i] + 5}, 1))
			near = names[i];
	if (near)
		return refuse(reader, "no command '%s'; did you mean 'xfergate %s'?", words, near);
	return refuse(reader, "no command '%s'; xfergate --help lists the commands", words);
}

static int check_options(struct reader *reader)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (reader->used[i] && options[i].command != ANY && options[i].command != reader->args->command)
			return refuse(reader, "%s is an option of 'xfergate %s', not of 'xfergate %s'", options[i].name,
				      command_info(options[i].command)->words,
				      command_info(reader->args->command)->words);
	if (reader->args->json && reader->args->command == COMMAND_LADDER)
		return refuse(reader, "ladder draws, and has no --json; xfergate replay --report FILE writes JSON of a "
				      "capture");
	return 0;
}

static int take_files(struct reader *reader, unsigned used)
{
	struct args *args = reader->args;
	int r = 0;
	while (r == 0 && used < reader->word_count)
		r = add_to(reader, &args->files, "captures", reader->words[used++]);
	for (unsigned i = 0, standard = 0; r == 0 && i < args->files.count; i++) {
		if (!args->files.items[i][0])
			return refuse(reader, "the name of a capture is empty");
		standard += strcmp(args->files.items[i], "-") == 0;
		if (standard > 1)
			return refuse(reader, "- (standard input) is given twice");
	}
	if (r == 0 && !args->help && args->files.count == 0)
		return refuse(reader, "CAPTURE is missing; usage: xfergate ladder %s",
			      command_info(COMMAND_LADDER)->usage);
	return r;
}

/* What follows the command's words. */
static int take_arguments(struct reader *reader, unsigned used)
{
	struct args *args = reader->args;
	const struct command_info *info = command_info(args->command);
	unsigned left = reader->word_count - used;
	const char **place = args->command == COMMAND_CHECK ? &args->file : &args->call;
	bool takes = info->usage[0] && args->command != COMMAND_HELP;
	if (args->command == COMMAND_LADDER)
		return take_files(reader, used);
	if (args->command == COMMAND_HELP) {
		unsigned more = 0;
		if (left == 0)
			return 0;
		int r = find_command(reader, used, &args->topic, &more);
		if (r < 0)
			return r;
		used += more;
		left -= more;
	} else if (takes && left > 0) {
		*place = reader->words[used++];
		left--;
	}
	if (left > 0)
		return refuse(reader, "too many arguments, from '%s' on; usage: xfergate %s %s", reader->words[used],
			      info->words, info->usage);
	if (takes && !args->help && !args->all && (!*place || !**place))
		return refuse(reader, "%s is missing; usage: xfergate %s %s",
			      args->command == COMMAND_CHECK ? "FILE" : "CALL", info->words, info->usage);
	return 0;
}

/* "90s", "15m", "2h", "1d"; 1 s to 30 days. */
static bool read_time(const char *text, uint64_t *ms)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	uint64_t value = 0;
	size_t digits = strspn(text, "0123456789");
	if (digits == 0 || digits > 7 || !text[digits] || text[digits + 1])
		return false;
	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (units[i].unit == text[digits]) {
			*ms = value * units[i].seconds * 1000;
			return value && *ms <= 30ull * 86400 * 1000;
		}
	return false;
}

static int check_capture(struct reader *reader)
{
	struct args *args = reader->args;
	if (args->all && args->call)
		return refuse(reader, "give either CALL or --all; usage: xfergate capture %s",
			      command_info(COMMAND_CAPTURE)->usage);
	if (!args->output)
		return refuse(reader, "-o FILE is missing: where is the capture to be written?");
	if (args->duration && !read_time(args->duration, &args->for_ms))
		return refuse(reader, "--for: '%s' %s1s to 30d, written like 90s, 15m, 2h, 1d", args->duration,
			      args->duration[strspn(args->duration, "0123456789")] ? "is no time from "
										   : "has no unit; ");
	return 0;
}

/* Options of every command, and then replay. */
static bool is_late_replay(int argc, const char *const *argv)
{
	int at = 1;
	while (at < argc && (strcmp(argv[at], "--json") == 0 || strncmp(argv[at], "--socket", 8) == 0))
		at += strcmp(argv[at], "--socket") == 0 ? 2 : 1;
	return at > 1 && at < argc && strcmp(argv[at], "replay") == 0;
}

int args_parse(struct args *args, int argc, const char *const *argv, char *why, size_t why_size)
{
	struct reader reader = {.args = args, .argc = argc, .argv = argv, .at = 1, .why = why, .why_size = why_size};
	unsigned used = 0;
	*args = (struct args){.command = COMMAND_COUNT, .topic = COMMAND_COUNT};
	/* what follows is for another program */
	if (argc > 1 && strcmp(argv[1], "replay") == 0) {
		args->command = COMMAND_REPLAY;
		return 0;
	}
	if (is_late_replay(argc, argv))
		return refuse(&reader,
			      "replay comes first, and takes neither --json nor --socket: xfergate replay %s; its "
			      "--report FILE writes JSON",
			      command_info(COMMAND_REPLAY)->usage);
	int r = read_words(&reader);
	if (r < 0 || args->version)
		return r;
	/* help on the list itself: "xfergate --help", "xfergate show --help" */
	if (args->help && (reader.word_count == 0 || (reader.word_count == 1 && strcmp(reader.words[0], "show") == 0)))
		return 0;
	if (reader.word_count == 0)
		return refuse(&reader, "no command; xfergate --help lists the commands");
	r = find_command(&reader, 0, &args->command, &used);
	if (r < 0)
		return r;
	if (args->command == COMMAND_REPLAY && !args->help)
		return refuse(&reader, "replay comes first: xfergate replay %s", command_info(COMMAND_REPLAY)->usage);
	r = check_options(&reader);
	if (r < 0)
		return r;
	r = take_arguments(&reader, used);
	if (r < 0 || args->help)
		return r;
	if (args->command == COMMAND_CAPTURE)
		return check_capture(&reader);
	if (args->command == COMMAND_TRANSFER && !args->to == !args->plan)
		return refuse(&reader, "exactly one of --to and --plan must be given; usage: xfergate transfer %s",
			      command_info(COMMAND_TRANSFER)->usage);
	if (args->plan && args->caller_id)
		return refuse(&reader,
			      "--caller-id goes with --to; a plan says its own caller ID in the configuration");
	return 0;
}
