#include "sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "log.h"

static int sysctl_open(const char *path, int flags)
{
	char full[256];

	if ((size_t)snprintf(full, sizeof(full), "/proc/sys/%s", path) >= sizeof(full))
		return -ENAMETOOLONG;
	int fd = open(full, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysctl_get(const char *path, char *value, size_t size)
{
	int fd = sysctl_open(path, O_RDONLY);
	if (fd < 0)
		return fd;
	ssize_t n = read(fd, value, size);
	int r = n < 0 ? -errno : (size_t)n == size ? -ENOSPC : 0;
	close(fd);
	if (r < 0)
		return r;
	while (n > 0 && value[n - 1] == '\n')
		n--;
	value[n] = 0;
	return 0;
}

int sysctl_set(const char *path, const char *value)
{
	int fd = sysctl_open(path, O_WRONLY);
	if (fd < 0)
		return fd;
	size_t len = strlen(value);
	ssize_t n = write(fd, value, len);
	int r = n < 0 ? -errno : (size_t)n != len ? -EIO : 0;
	close(fd);
	return r;
}

int sysctl_ports_merge(char *out, size_t size, const char *list, uint16_t first, uint16_t last, bool *changed)
{
	unsigned char set[65536 / 8] = {0};
	size_t n = 0;

	for (const char *p = list; *p;) {
		char *end;
		unsigned long a = strtoul(p, &end, 10), b = a;
		if (end == p)
			return -EINVAL;
		if (*end == '-') {
			p = end + 1;
			b = strtoul(p, &end, 10);
			if (end == p)
				return -EINVAL;
		}
		if (a > b || b > 65535 || (*end != 0 && *end != ','))
			return -EINVAL;
		for (unsigned long i = a; i <= b; i++)
			set[i / 8] |= (unsigned char)(1u << i % 8);
		p = *end ? end + 1 : end;
	}
	*changed = false;
	for (unsigned i = first; i <= last; i++) {
		if (!(set[i / 8] & 1u << i % 8))
			*changed = true;
		set[i / 8] |= (unsigned char)(1u << i % 8);
	}
	out[0] = 0;
	for (unsigned i = 0; i < 65536; i++) {
		if (!(set[i / 8] & 1u << i % 8))
			continue;
		unsigned end = i;
		while (end < 65535 && set[(end + 1) / 8] & 1u << (end + 1) % 8)
			end++;
		n += (size_t)snprintf(out + n, size - n, i == end ? "%s%u" : "%s%u-%u", n ? "," : "", i, end);
		if (n >= size)
			return -ENOSPC;
		i = end;
	}
	return 0;
}

int sysctl_ports_reserve(uint16_t first, uint16_t last)
{
	static const char path[] = "net/ipv4/ip_local_reserved_ports";
	char have[16384], want[16384 + 16];
	bool changed;

	int r = sysctl_get(path, have, sizeof(have));
	if (r == 0)
		r = sysctl_ports_merge(want, sizeof(want), have, first, last, &changed);
	if (r == 0 && changed)
		r = sysctl_set(path, want);
	if (r < 0)
		log_error("reserve-ports-failed", "sysctl=%s error=\"%s\"", path, strerror(-r));
	return r;
}
