/* The main thread's loop: sockets, TAPs and signals by epoll; the workers' rings by looking, for workers never wake it.
 */
#pragma once

#include "host.h"

/* Until SIGINT or SIGTERM. 0 or -errno, logged. */
int loop_run(struct host *host);
