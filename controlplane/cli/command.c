#include "command.h"

static const struct command_info commands[] = {
#define X(symbol, words, method, usage, text, more, examples) {words, method, usage, text, more, examples},
    COMMANDS(X)
#undef X
};

const struct command_info *command_info(unsigned command)
{
	return command < COMMAND_COUNT ? &commands[command] : NULL;
}

unsigned command_find(const char *words)
{
	unsigned command = 0;
	while (command < COMMAND_COUNT && strcmp(commands[command].words, words) != 0)
		command++;
	return command;
}
