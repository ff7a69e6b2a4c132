/* What the commands of the link do: one function each. Main thread. */
#pragma once

#include "host.h"

/* Wires link, endpoints and sources of the host together; before link_server_start. */
void link_command_init(struct host *host);

/* For link_server: a checked record. arg: struct host. */
void link_command(const struct link_view *view, void *arg);
