#include "place.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The longest message and a byte. */
#define ROOM ((size_t)128 * 1024)

static unsigned char *room(void)
{
	static unsigned char *first;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	if (first)
		return first;
	first = mmap(NULL, ROOM + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(first, MAP_FAILED);
	first += page;
	cr_assert_eq(mprotect(first, ROOM, PROT_READ | PROT_WRITE), 0);
	return first;
}

const void *place_last(const void *data, size_t len)
{
	cr_assert_leq(len, ROOM);
	return len ? memcpy(room() + ROOM - len, data, len) : room() + ROOM;
}

const void *place_first(const void *data, size_t len)
{
	cr_assert_leq(len, ROOM);
	return len ? memcpy(room(), data, len) : room();
}
