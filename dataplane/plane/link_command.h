/* What the commands of the link do: one function each. Main thread. */
#pragma once

#include "link_record.h"

struct dplane;

/* Tells endpoints and sources where their answers go; before the first command. */
void link_command_init(struct dplane *dplane);

/* For the conversation: a checked record. arg: struct dplane. */
void link_command(const struct link_view *view, void *arg);
