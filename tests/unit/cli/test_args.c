/* The command line: what it means, and what is said of what it cannot mean. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include "cli/args.h"
#include "cli/nearest.h"

#define MAX_WORDS 12

struct line_case {
	const char *words[MAX_WORDS];
	struct args wanted; /* command COMMAND_COUNT with `why`: refused */
	const char *why;
};

static int parse(struct args *args, const char *const *words, char *why, size_t size)
{
	const char *argv[MAX_WORDS + 1] = {"xfergate"};
	int argc = 1;
	while (words[argc - 1]) {
		argv[argc] = words[argc - 1];
		argc++;
	}
	return args_parse(args, argc, argv, why, size);
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_list(const struct args_list *a, const struct args_list *b)
{
	bool is = a->count == b->count;
	for (unsigned i = 0; is && i < a->count; i++)
		is = same(a->items[i], b->items[i]);
	return is;
}

#define NO_TOPIC .topic = COMMAND_COUNT

Test(args, understood)
{
	static const struct line_case cases[] = {
	    {{"show", "calls"}, {.command = COMMAND_SHOW_CALLS, NO_TOPIC}},
	    {{"--json", "show", "stats"}, {.command = COMMAND_SHOW_STATS, .json = true, NO_TOPIC}},
	    {{"show", "--json", "stats"}, {.command = COMMAND_SHOW_STATS, .json = true, NO_TOPIC}},
	    {{"show", "stats", "--json", "--json"}, {.command = COMMAND_SHOW_STATS, .json = true, NO_TOPIC}},
	    {{"--socket", "/x", "show", "calls"}, {.command = COMMAND_SHOW_CALLS, .socket = "/x", NO_TOPIC}},
	    {{"--socket=/x", "show", "calls"}, {.command = COMMAND_SHOW_CALLS, .socket = "/x", NO_TOPIC}},
	    {{"show", "call", "c-1"}, {.command = COMMAND_SHOW_CALL, .call = "c-1", NO_TOPIC}},
	    {{"show", "call", "--", "-odd@id"}, {.command = COMMAND_SHOW_CALL, .call = "-odd@id", NO_TOPIC}},
	    {{"show", "call", "-"}, {.command = COMMAND_SHOW_CALL, .call = "-", NO_TOPIC}},
	    {{"transfer", "c-1", "--to", "+1 (202)"},
	     {.command = COMMAND_TRANSFER, .call = "c-1", .to = "+1 (202)", NO_TOPIC}},
	    {{"transfer", "--to=sip:a@b;x=y", "c-1"},
	     {.command = COMMAND_TRANSFER, .call = "c-1", .to = "sip:a@b;x=y", NO_TOPIC}},
	    {{"transfer", "c-1", "--to", "2", "--caller-id", "+1", "--no-wait"},
	     {.command = COMMAND_TRANSFER, .call = "c-1", .to = "2", .caller_id = "+1", .no_wait = true, NO_TOPIC}},
	    {{"hangup", "c-1"}, {.command = COMMAND_HANGUP, .call = "c-1", NO_TOPIC}},
	    {{"hangup", "c-1", "--reason", "--why"},
	     {.command = COMMAND_HANGUP, .call = "c-1", .reason = "--why", NO_TOPIC}},
	    {{"capture", "c-1", "-o", "f"}, {.command = COMMAND_CAPTURE, .call = "c-1", .output = "f", NO_TOPIC}},
	    {{"capture", "--all", "-o", "-", "--media", "--scrub", "--for", "15m"},
	     {.command = COMMAND_CAPTURE,
	      .output = "-",
	      .all = true,
	      .media = true,
	      .scrub = true,
	      .for_ms = 900000,
	      NO_TOPIC}},
	    {{"capture", "c", "-o=f", "--for=2592000s"},
	     {.command = COMMAND_CAPTURE, .call = "c", .output = "f", .for_ms = 2592000000, NO_TOPIC}},
	    {{"check", "f.yaml"}, {.command = COMMAND_CHECK, .file = "f.yaml", NO_TOPIC}},
	    {{"ladder", "a.pcap"}, {.command = COMMAND_LADDER, .files = {{"a.pcap"}, 1}, NO_TOPIC}},
	    {{"ladder", "a", "--lane", "x=1", "b", "--lane=y=2", "--", "-c"},
	     {.command = COMMAND_LADDER, .files = {{"a", "b", "-c"}, 3}, .lanes = {{"x=1", "y=2"}, 2}, NO_TOPIC}},
	    {{"ladder", "--call", "abc@x", "--no-media", "--hub", "gw", "-"},
	     {.command = COMMAND_LADDER,
	      .files = {{"-"}, 1},
	      .hub = "gw",
	      .call_id = "abc@x",
	      .no_media = true,
	      NO_TOPIC}},
	    {{"ladder", "--help"}, {.command = COMMAND_LADDER, .help = true, NO_TOPIC}},
	    {{"help"}, {.command = COMMAND_HELP, NO_TOPIC}},
	    {{"help", "show", "call"}, {.command = COMMAND_HELP, .topic = COMMAND_SHOW_CALL}},
	    {{"replay", "--anything"}, {.command = COMMAND_REPLAY, NO_TOPIC}},
	    {{"--socket", "replay", "show", "calls"}, {.command = COMMAND_SHOW_CALLS, .socket = "replay", NO_TOPIC}},
	    {{"help", "transfer"}, {.command = COMMAND_HELP, .topic = COMMAND_TRANSFER}},
	    {{"--help"}, {.command = COMMAND_COUNT, .help = true, NO_TOPIC}},
	    {{"-h"}, {.command = COMMAND_COUNT, .help = true, NO_TOPIC}},
	    {{"show", "--help"}, {.command = COMMAND_COUNT, .help = true, NO_TOPIC}},
	    {{"transfer", "--help"}, {.command = COMMAND_TRANSFER, .help = true, NO_TOPIC}},
	    {{"show", "call", "--help"}, {.command = COMMAND_SHOW_CALL, .help = true, NO_TOPIC}},
	    {{"--version"}, {.command = COMMAND_COUNT, .version = true, NO_TOPIC}},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct args *w = &cases[i].wanted;
		struct args a;
		char why[512] = "";
		cr_expect(parse(&a, cases[i].words, why, sizeof(why)) == 0, "case %zu: %s", i, why);
		cr_expect(a.command == w->command && a.topic == w->topic, "case %zu", i);
		cr_expect(same(a.socket, w->socket) && same(a.call, w->call) && same(a.to, w->to), "case %zu", i);
		cr_expect(same(a.plan, w->plan) && same(a.caller_id, w->caller_id), "case %zu", i);
		cr_expect(same(a.reason, w->reason) && same(a.file, w->file), "case %zu", i);
		cr_expect(a.json == w->json && a.no_wait == w->no_wait, "case %zu", i);
		cr_expect(same(a.hub, w->hub) && same(a.call_id, w->call_id), "case %zu", i);
		cr_expect(same_list(&a.files, &w->files) && same_list(&a.lanes, &w->lanes), "case %zu", i);
		cr_expect(a.no_media == w->no_media, "case %zu", i);
		cr_expect(same(a.output, w->output) && a.for_ms == w->for_ms, "case %zu", i);
		cr_expect(a.all == w->all && a.media == w->media && a.scrub == w->scrub, "case %zu", i);
		cr_expect(a.help == w->help && a.version == w->version, "case %zu", i);
	}
}

Test(args, refused_with_a_hint)
{
	static const struct line_case cases[] = {
	    {{NULL}, .why = "no command"},
	    {{"show"}, .why = "show what?"},
	    {{"show", "cals"}, .why = "'xfergate show calls'"},
	    {{"show", "zebras"}, .why = "no command 'show zebras'"},
	    {{"calls"}, .why = "'xfergate show calls'"},
	    {{"shwo", "calls"}, .why = "'xfergate show'"},
	    {{"tranfser", "c-1"}, .why = "'xfergate transfer'"},
	    {{"hang", "up"}, .why = "'xfergate hangup'"},
	    {{"frobnicate"}, .why = "--help lists"},
	    {{"show", "call"}, .why = "CALL is missing"},
	    {{"show", "call", ""}, .why = "CALL is missing"},
	    {{"show", "calls", "c-1"}, .why = "too many arguments, from 'c-1' on"},
	    {{"a", "b", "c", "d", "e"}, .why = "no command 'a b'"},
	    {{"hangup", "b", "c", "d", "e"}, .why = "too many arguments, from 'c' on"},
	    {{"ladder"}, .why = "CAPTURE is missing"},
	    {{"ladder", ""}, .why = "empty"},
	    {{"ladder", "a", "-", "-"}, .why = "twice"},
	    {{"--json", "ladder", "a"}, .why = "ladder draws, and has no --json; xfergate replay --report FILE"},
	    {{"ladder", "a", "--lane"}, .why = "--lane needs a value"},
	    {{"ladder", "a", "--hub", "x", "--hub", "y"}, .why = "--hub is given twice"},
	    {{"ladder", "a", "--no-medai"}, .why = "'--no-media'"},
	    {{"show", "calls", "--lane", "a=1"}, .why = "'xfergate ladder'"},
	    {{"check"}, .why = "FILE is missing"},
	    {{"capture", "-o", "f"}, .why = "CALL is missing"},
	    {{"capture", "c-1"}, .why = "-o FILE is missing"},
	    {{"capture", "c-1", "--all", "-o", "f"}, .why = "either CALL or --all"},
	    {{"capture", "c-1", "-o", "f", "--for", "0s"},
	     .why = "--for: '0s' is no time from 1s to 30d, written like 90s, "},
	    {{"capture", "c-1", "-o", "f", "--for", "5"},
	     .why = "--for: '5' has no unit; 1s to 30d, written like 90s, 15m, 2h, 1d"},
	    {{"capture", "c-1", "-o", "f", "--for", "31d"}, .why = "'31d' is no time from 1s to 30d"},
	    {{"capture", "c-1", "-o", "f", "--for", "1.5h"}, .why = "90s, 15m"},
	    {{"capture", "c-1", "-o", "f", "--for", "9hh"}, .why = "'9hh' is no time"},
	    {{"show", "calls", "--all"}, .why = "'xfergate capture'"},
	    {{"transfer", "c-1"}, .why = "exactly one of --to and --plan"},
	    {{"transfer", "c-1", "--to", "1", "--plan", "p"}, .why = "exactly one of --to and --plan"},
	    {{"transfer", "c-1", "--to", "1", "--to", "2"}, .why = "--to is given twice"},
	    {{"transfer", "c-1", "--to"}, .why = "--to needs a value"},
	    {{"transfer", "c-1", "--to="}, .why = "--to needs a value"},
	    {{"transfer", "c-1", "--to", "1", "--callerid", "2"}, .why = "'--caller-id'"},
	    {{"transfer", "c-1", "--to", "1", "--no-wait=1"}, .why = "--no-wait takes no value"},
	    {{"hangup", "c-1", "--to", "1"}, .why = "'xfergate transfer'"},
	    {{"show", "calls", "--frobnicate"}, .why = "no option '--frobnicate'"},
	    {{"--json", "replay", "a.pcap", "-c", "x"}, .why = "replay comes first"},
	    {{"--socket", "/x", "replay", "a.pcap"}, .why = "replay comes first"},
	    {{"--socket=/x", "--json", "replay", "--help"}, .why = "replay comes first"},
	    {{"help", "shaw", "calls"}, .why = "no command 'shaw'"},
	    {{"help", "transfer", "now"}, .why = "too many arguments"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct args a;
		char why[512] = "";
		cr_expect(parse(&a, cases[i].words, why, sizeof(why)) == -EINVAL, "case %zu", i);
		cr_expect(strstr(why, cases[i].why), "case %zu: '%s' does not say '%s'", i, why, cases[i].why);
	}
}

/* As many captures and lanes as there is room for, and one more. */
Test(args, lists)
{
	for (int over = 0; over < 2; over++) {
		for (int option = 0; option < 2; option++) {
			const char *argv[4 + ARGS_LIST] = {"xfergate", "ladder"};
			int argc = 2;
			struct args a;
			char why[512];
			if (option)
				argv[argc++] = "capture";
			for (int i = 0; i < ARGS_LIST + over; i++)
				argv[argc++] = option ? "--lane=a=192.0.2.1" : "capture";
			cr_assert(argc <= 4 + ARGS_LIST);
			cr_expect(args_parse(&a, argc, argv, why, sizeof(why)) == (over ? -EINVAL : 0), "%s", why);
			cr_expect(!over || strstr(why, "at most 32"), "%s", why);
		}
	}
}

/* Long words are no trouble for the hints. */
Test(args, long_words)
{
	char word[5000], why[512];
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = 0;
	const char *const lines[][3] = {{word}, {"show", word}, {word, word}, {"help", word}};
	for (size_t i = 0; i < 4; i++) {
		struct args a;
		cr_expect(parse(&a, lines[i], why, sizeof(why)) == -EINVAL);
		cr_expect(strlen(why) < sizeof(why));
	}
}

Test(args, distance)
{
	static const struct {
		const char *a, *b;
		unsigned distance;
	} cases[] = {{"", "", 0},
		     {"a", "", 1},
		     {"", "abc", 3},
		     {"kitten", "sitting", 3},
		     {"ab", "ba", 1},
		     {"calls", "cals", 1},
		     {"transfer", "transfer", 0},
		     {"flaw", "lawn", 2}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_expect(nearest_distance(cases[i].a, cases[i].b) == cases[i].distance, "%s %s", cases[i].a,
			  cases[i].b);
		cr_expect(nearest_distance(cases[i].b, cases[i].a) == cases[i].distance, "%s %s", cases[i].b,
			  cases[i].a);
	}
}

/* Every method of the API has one command, and every command its help. */
Test(args, the_lists_agree)
{
	unsigned commands[XF_RPC_COUNT] = {0};
	for (unsigned i = 0; i < COMMAND_COUNT; i++) {
		const struct command_info *info = command_info(i);
		cr_expect(info->text[0] && info->examples[0], "%s", info->words);
		cr_expect(strstr(info->examples, info->words), "%s", info->words);
		cr_expect(command_find(info->words) == i);
		if (info->method < XF_RPC_COUNT)
			commands[info->method]++;
	}
	/* the end of a capture is asked for by the command that began it */
	for (unsigned method = 0; method < XF_RPC_COUNT; method++)
		cr_expect(commands[method] == (method != XF_RPC_CAPTURE_STOP), "%s", xf_rpc_name(method));
}
