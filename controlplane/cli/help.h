#pragma once

#include <stdio.h>

/* COMMAND_COUNT: the list of all commands. */
void help_print(FILE *out, unsigned command);
