#include "trace_lanes.h"

#include <errno.h>
#include <stdlib.h>

void trace_lanes_init(struct trace_lanes *lanes, struct ladder *ladder)
{
	*lanes = (struct trace_lanes){.ladder = ladder, .others = -1};
}

void trace_lanes_fini(struct trace_lanes *lanes)
{
	for (int i = 0; i < lanes->name_count; i++)
		free(lanes->names[i]);
	free(lanes->names);
	free(lanes->places);
}

int trace_lanes_named(const struct trace_lanes *lanes, const char *name)
{
	for (int i = 0; i < lanes->name_count; i++)
		if (strcmp(lanes->names[i], name) == 0)
			return i;
	return -1;
}

static int add_lane(struct trace_lanes *lanes, const char *name)
{
	char **names = reallocarray(lanes->names, (size_t)lanes->name_count + 1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	lanes->names = names;
	char *copy = strdup(name);
	int lane = copy ? ladder_lane(lanes->ladder, name) : -ENOMEM;
	if (lane < 0) {
		free(copy);
		return lane;
	}
	names[lanes->name_count++] = copy;
	return lane;
}

static int add_place(struct trace_lanes *lanes, const struct xf_sockaddr *address, int lane)
{
	struct trace_place *places = reallocarray(lanes->places, lanes->place_count + 1, sizeof(*places));
	if (!places)
		return -ENOMEM;
	lanes->places = places;
	places[lanes->place_count++] = (struct trace_place){*address, lane};
	return 0;
}

/* "192.0.2.1", "192.0.2.1:5060", "2001:db8::1", "[2001:db8::1]:5060" */
static int parse_address(struct xf_sockaddr *address, const char *text)
{
	char host[XF_ADDR_STRLEN], *end;
	const char *bracket = text[0] == '[' ? strchr(text, ']') : NULL, *colon = bracket ? bracket + 1 : NULL;
	*address = (struct xf_sockaddr){0};
	if (xf_addr_parse(&address->addr, text) == 0)
		return 0;
	if (!bracket)
		colon = strrchr(text, ':');
	const char *start = bracket ? text + 1 : text, *stop = bracket ? bracket : colon;
	if (!stop || (size_t)(stop - start) >= sizeof(host) || (*colon && *colon != ':'))
		return -EINVAL;
	memcpy(host, start, (size_t)(stop - start));
	host[stop - start] = 0;
	if (xf_addr_parse(&address->addr, host) < 0)
		return -EINVAL;
	if (!*colon)
		return 0;
	unsigned long port = strtoul(colon + 1, &end, 10);
	if (colon[1] < '0' || colon[1] > '9' || *end || port == 0 || port > UINT16_MAX)
		return -EINVAL;
	address->port = (uint16_t)port;
	return 0;
}

static int give_addresses(struct trace_lanes *lanes, int lane, char *list, char *why, size_t why_size)
{
	for (char *text; (text = strsep(&list, ","));) {
		struct xf_sockaddr address;
		if (parse_address(&address, text) < 0) {
			snprintf(why, why_size,
				 "--lane: '%s' is no address; 192.0.2.1, 192.0.2.1:5060 and 2001:db8::1 are", text);
			return -EINVAL;
		}
		int r = add_place(lanes, &address, lane);
		if (r < 0)
			return r;
	}
	return 0;
}

int trace_lanes_give(struct trace_lanes *lanes, const char *text, char *why, size_t why_size)
{
	const char *equals = strchr(text, '=');
	if (!equals || equals == text) {
		snprintf(why, why_size, "--lane takes NAME=ADDRESS[,ADDRESS]..., not '%s'", text);
		return -EINVAL;
	}
	char *name = strndup(text, (size_t)(equals - text)), *list = strdup(equals + 1);
	int lane = name && list ? trace_lanes_named(lanes, name) : -ENOMEM;
	if (lane == -1)
		lane = add_lane(lanes, name);
	int r = lane < 0 ? lane : give_addresses(lanes, lane, list, why, why_size);
	lanes->given = true;
	free(name);
	free(list);
	return r;
}

/* A place with that port before one for any. */
static const struct trace_place *find(const struct trace_lanes *lanes, const struct xf_sockaddr *address)
{
	const struct trace_place *any = NULL;
	for (size_t i = 0; i < lanes->place_count; i++) {
		const struct trace_place *place = &lanes->places[i];
		if (!xf_addr_eq(&place->address.addr, &address->addr))
			continue;
		if (place->address.port == address->port)
			return place;
		if (place->address.port == 0)
			any = place;
	}
	return any;
}

static int find_or_make(struct trace_lanes *lanes, struct xf_sockaddr address, bool by_port)
{
	const struct trace_place *place = find(lanes, &address);
	char name[XF_SOCKADDR_STRLEN];
	if (place)
		return place->lane;
	if (lanes->name_count >= TRACE_LANES) {
		if (lanes->others < 0)
			lanes->others = add_lane(lanes, "others");
		return lanes->others;
	}
	if (!by_port)
		address.port = 0;
	int lane = add_lane(lanes, by_port ? xf_sockaddr_format(&address, name) : xf_addr_format(&address.addr, name));
	int r = lane < 0 ? lane : add_place(lanes, &address, lane);
	return r < 0 ? r : lane;
}

int trace_lanes_find(struct trace_lanes *lanes, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		     int *from_lane, int *to_lane)
{
	if (lanes->given) {
		const struct trace_place *one = find(lanes, from), *other = find(lanes, to);
		*from_lane = one ? one->lane : -1;
		*to_lane = other ? other->lane : -1;
		return one && other;
	}
	bool by_port = xf_addr_eq(&from->addr, &to->addr);
	*from_lane = find_or_make(lanes, *from, by_port);
	*to_lane = *from_lane < 0 ? *from_lane : find_or_make(lanes, *to, by_port);
	return *to_lane < 0 ? *to_lane : 1;
}
