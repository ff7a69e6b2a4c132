#include "commands.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORDS_MAX 16
#define TIME_MAX  1e9 /* seconds */

void commands_fini(struct commands *commands)
{
	for (unsigned i = 0; i < commands->count; i++) {
		free(commands->items[i].call);
		free(commands->items[i].json);
		free(commands->items[i].text);
	}
	free(commands->items);
	free(commands->targets);
	*commands = (struct commands){0};
}

const char *commands_time(uint64_t *ns, const char *text)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
	char *end;
	if (*text < '0' || *text > '9')
		return "is no time";
	double value = strtod(text, &end);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].name) != 0 || !(value * units[i].ns <= TIME_MAX * 1e9))
			continue;
		*ns = (uint64_t)llround(value * units[i].ns);
		return NULL;
	}
	return *end ? "is no time" : "has no unit";
}

/* ---- transfer and hangup */

static int refuse(char why[static COMMANDS_WHY], const char *where, const char *what, const char *value)
{
	snprintf(why, COMMANDS_WHY, "%s: %s%s%.200s%s", where, what, value ? " '" : "", value ? value : "",
		 value ? "'" : "");
	return -EINVAL;
}

/* Reads "--name value" pairs into params. */
static int read_options(json_t *params, const char *where, char *const *words, unsigned count,
			const char *const *allowed, char why[static COMMANDS_WHY])
{
	for (unsigned i = 0; i < count; i += 2) {
		const char *const *name = allowed;
		while (*name && strcmp(words[i], *name) != 0)
			name++;
		if (!*name)
			return refuse(why, where, "no such option here:", words[i]);
		if (i + 1 == count)
			return refuse(why, where, "a value is missing after", words[i]);
		char key[32];
		snprintf(key, sizeof(key), "%s", *name + 2);
		for (char *p = key; *p; p++)
			if (*p == '-')
				*p = '_';
		if (json_object_set_new(params, key, json_string(words[i + 1])) < 0)
			return refuse(why, where, "not UTF-8 text:", words[i + 1]);
	}
	return 0;
}

static int read_command(struct user_command *command, json_t *params, const char *where, char *const *words,
			unsigned count, char why[static COMMANDS_WHY])
{
	static const char *const transfer[] = {"--to", "--plan", "--caller-id", NULL}, *const hangup[] = {"--reason",
													  NULL};
	if (count == 0)
		return refuse(why, where, "a command is missing: transfer CALL --plan NAME, or hangup CALL", NULL);
	bool transfers = strcmp(words[0], "transfer") == 0;
	if (!transfers && strcmp(words[0], "hangup") != 0)
		return refuse(why, where, "there are transfer and hangup, not", words[0]);
	if (count < 2 || words[1][0] == '-')
		return refuse(why, where, "CALL is missing; 1 is the first call of the capture", NULL);
	int r = read_options(params, where, words + 2, count - 2, transfers ? transfer : hangup, why);
	if (r < 0)
		return r;
	if (transfers && !json_object_get(params, "to") == !json_object_get(params, "plan"))
		return refuse(why, where, "exactly one of --to and --plan must be given", NULL);
	if (transfers && json_object_set_new(params, "wait", json_true()) < 0)
		return -ENOMEM;
	command->method = transfers ? "transfer" : "hangup";
	command->call = strdup(words[1]);
	command->json = json_dumps(params, JSON_COMPACT);
	return command->call && command->json ? 0 : -ENOMEM;
}

static char *join(char *const *words, unsigned count)
{
	size_t len = 1;
	for (unsigned i = 0; i < count; i++)
		len += strlen(words[i]) + 1;
	char *text = malloc(len);
	if (!text)
		return NULL;
	*text = 0;
	for (unsigned i = 0; i < count; i++) {
		strcat(text, i ? " " : "");
		strcat(text, words[i]);
	}
	return text;
}

int commands_add(struct commands *commands, const char *where, uint64_t ns, char *const *words, unsigned count,
		 char why[static COMMANDS_WHY])
{
	struct user_command command = {.ns = ns};
	json_t *params = json_object();
	int r = params ? read_command(&command, params, where, words, count, why) : -ENOMEM;
	json_decref(params);
	if (r == 0 && !(command.text = join(words, count)))
		r = -ENOMEM;
	struct user_command *items = r == 0 ? realloc(commands->items, (commands->count + 1) * sizeof(*items)) : NULL;
	if (!items) {
		free(command.call);
		free(command.json);
		free(command.text);
		if (r == 0 || r == -ENOMEM)
			snprintf(why, COMMANDS_WHY, "out of memory");
		return r == 0 ? -ENOMEM : r;
	}
	commands->items = items;
	unsigned at = commands->count++;
	for (; at > 0 && items[at - 1].ns > ns; at--)
		items[at] = items[at - 1];
	items[at] = command;
	return 0;
}

/* ---- targets */

/* *wrong: what is wrong with the delay. */
static int read_answer(struct target *target, const char *text, const char **wrong)
{
	char *end;
	target->delay_ns = 1000000000;
	if (strncmp(text, "answer", 6) == 0 && (text[6] == 0 || text[6] == ':')) {
		target->answer = TARGET_ANSWERS;
		*wrong = text[6] ? commands_time(&target->delay_ns, text + 7) : NULL;
		return *wrong ? -EINVAL : 0;
	}
	target->answer = TARGET_REFUSES;
	target->code = 486;
	if (strcmp(text, "busy") == 0)
		return 0;
	if (strcmp(text, "silent") == 0) {
		target->answer = TARGET_SILENT;
		return 0;
	}
	unsigned long code = *text >= '3' && *text <= '6' ? strtoul(text, &end, 10) : 0;
	if (code < 300 || code > 699 || *end)
		return -EINVAL;
	target->code = (uint16_t)code;
	return 0;
}

int commands_target(struct commands *commands, const char *where, const char *user, const char *text,
		    char why[static COMMANDS_WHY])
{
	struct target target = {.answer = TARGET_ANSWERS};
	const char *wrong = NULL;
	if (strlen(user) >= sizeof(target.user))
		return refuse(why, where, "too long:", user);
	strcpy(target.user, user);
	int r = read_answer(&target, text, &wrong);
	if (wrong)
		snprintf(why, COMMANDS_WHY, "%s: '%.100s' %s; a delay is " COMMANDS_TIME, where, text, wrong);
	else if (r < 0)
		refuse(why, where, "a target does answer, answer:DELAY, busy, silent, or a code of 300 to 699; not",
		       text);
	if (r < 0)
		return r;
	struct target *targets = realloc(commands->targets, (commands->target_count + 1) * sizeof(*targets));
	if (!targets) {
		snprintf(why, COMMANDS_WHY, "out of memory");
		return -ENOMEM;
	}
	commands->targets = targets;
	targets[commands->target_count++] = target;
	return 0;
}

struct target commands_target_of(const struct commands *commands, const char *user, size_t len)
{
	struct target found = {.answer = TARGET_ANSWERS, .delay_ns = 1000000000};
	if (len && *user == '+') {
		user++;
		len--;
	}
	for (unsigned i = 0; i < commands->target_count; i++) {
		if (!commands->targets[i].user[0])
			found = commands->targets[i];
	}
	for (unsigned i = 0; i < commands->target_count; i++) {
		const struct target *target = &commands->targets[i];
		const char *name = target->user + (target->user[0] == '+');
		if (target->user[0] && strlen(name) == len && strncasecmp(name, user, len) == 0)
			found = *target;
	}
	return found;
}

/* ---- script files */

/* Cuts a line into words; quotes hold spaces together. -1: too many, -2: a quote is not closed. */
static int split(char *line, char *words[WORDS_MAX])
{
	int count = 0;
	for (char *p = line;;) {
		p += strspn(p, " \t\r\n");
		if (!*p || *p == '#')
			return count;
		if (count == WORDS_MAX)
			return -1;
		char quote = *p == '"' || *p == '\'' ? *p++ : 0;
		words[count++] = p;
		char *stop = quote ? strchr(p, quote) : p + strcspn(p, " \t\r\n");
		if (!stop)
			return -2;
		p = stop + (*stop != 0);
		*stop = 0;
	}
}

static int read_line(struct commands *commands, const char *where, char *line, char why[static COMMANDS_WHY])
{
	char *words[WORDS_MAX];
	uint64_t ns;
	int count = split(line, words);
	if (count < 0)
		return refuse(why, where, count == -1 ? "too many words" : "a quote is not closed", NULL);
	if (count == 0)
		return 0;
	if (strcmp(words[0], "target") == 0) {
		if (count == 2)
			return commands_target(commands, where, "", words[1], why);
		if (count != 3)
			return refuse(why, where, "as in: target +12025550143 busy", NULL);
		return commands_target(commands, where, words[1], words[2], why);
	}
	const char *wrong = commands_time(&ns, words[0]);
	if (wrong) {
		snprintf(why, COMMANDS_WHY, "%s: '%.100s' %s; a line begins with 'target' or a time, " COMMANDS_TIME,
			 where, words[0], wrong);
		return -EINVAL;
	}
	return commands_add(commands, where, ns, words + 1, (unsigned)count - 1, why);
}

int commands_file(struct commands *commands, const char *path, char why[static COMMANDS_WHY])
{
	FILE *file = fopen(path, "re");
	char *line = NULL, where[320];
	size_t size = 0;
	int r = 0;
	if (!file) {
		snprintf(why, COMMANDS_WHY, "%.200s: %s", path, strerror(errno));
		return -errno;
	}
	errno = EIO;
	for (unsigned number = 1; r == 0 && getline(&line, &size, file) >= 0; number++) {
		snprintf(where, sizeof(where), "%.256s:%u", path, number);
		r = read_line(commands, where, line, why);
	}
	if (r == 0 && ferror(file)) {
		r = -errno;
		snprintf(why, COMMANDS_WHY, "%.200s: %s", path, strerror(-r));
	}
	free(line);
	fclose(file);
	return r;
}
