/* Values under /proc/sys. Main thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* path: below /proc/sys, "net/ipv4/ip_forward". The text without its line end. 0 or -errno. */
int sysctl_get(const char *path, char *value, size_t size);
int sysctl_set(const char *path, const char *value);

/* Adds first..last to a list of port ranges as ip_local_reserved_ports has it ("80,5000-5009"), keeping all that is in
 * it. *changed: whether it was not whole in it. 0, -EINVAL (no such list), -ENOSPC. */
int sysctl_ports_merge(char *out, size_t size, const char *list, uint16_t first, uint16_t last, bool *changed);
/* Keeps the kernel from giving first..last to sockets that bind no port of their own. 0 or -errno, logged. */
int sysctl_ports_reserve(uint16_t first, uint16_t last);
