#include "reader.h"

#include <stdlib.h>
#include <string.h>
#include "value.h"

/* Nobody sends so much SIP over UDP: the same as no limit. */
#define SCREEN_PER_SECOND_MAX 10000000
#define SCREEN_BURST_MAX      1000000

/* `prefix` is the path of what holds the key; a burst that is not said is a second's worth. */
static struct config_rate build_rate(struct reader *r, const char *prefix, const char *key, const struct raw_rate *raw,
				     uint32_t burst_max)
{
	struct config_rate rate = {0};
	char path[96];

	snprintf(path, sizeof(path), "%s.%s", prefix, key);
	if (!raw->per_second && raw->burst)
		reader_reject(r, reader_at(r, "%s.burst", path),
			      "without per-second; how many a second, like per-second: 100");
	rate.per_second = value_uint(r, reader_at(r, "%s.per-second", path), raw->per_second,
				     (struct value_range){.min = 1, .max = SCREEN_PER_SECOND_MAX});
	uint32_t second = rate.per_second < burst_max ? rate.per_second : burst_max;
	rate.burst = value_uint(r, reader_at(r, "%s.burst", path), raw->burst,
				(struct value_range){.min = 1, .max = burst_max, .missing = second});
	return rate;
}

void build_limits(struct reader *r, const char *prefix, const struct raw_limits *raw, struct config_limits *limits)
{
	limits->packets = build_rate(r, prefix, "packets", &raw->packets, SCREEN_BURST_MAX);
	limits->invites = build_rate(r, prefix, "invites", &raw->invites, SCREEN_BURST_MAX);
	limits->requests = build_rate(r, prefix, "requests", &raw->requests, SCREEN_BURST_MAX);
	limits->dialogs = build_rate(r, prefix, "dialogs", &raw->dialogs, SCREEN_BURST_MAX);
	limits->responses = build_rate(r, prefix, "responses", &raw->responses, SCREEN_BURST_MAX);
	uint64_t sum = (uint64_t)limits->invites.per_second + limits->requests.per_second + limits->dialogs.per_second +
		       limits->responses.per_second;
	/* With a class that has no limit there is no sum to compare with. */
	bool all = limits->invites.per_second && limits->requests.per_second && limits->dialogs.per_second &&
		   limits->responses.per_second;
	if (limits->packets.per_second && all && limits->packets.per_second < sum)
		reader_warn(r, reader_at(r, "%s.packets.per-second", prefix),
			    "%u is less than the other limits together, %llu: it drops what they would keep",
			    limits->packets.per_second, (unsigned long long)sum);
}

void build_screen(struct reader *r)
{
	struct config_screen *screen = &r->config->screen;

	screen->signatures = reader_path(r, r->raw->screen.signatures);
	screen->malformed_drop = r->raw->screen.malformed == RAW_MALFORMED_DROP;
	screen->ceiling = build_rate(r, "screen", "ceiling", &r->raw->screen.ceiling, 2 * SCREEN_BURST_MAX);
	build_limits(r, "screen.targets", &r->raw->screen.targets, &screen->targets);
}

/* Each peer and each worker has a part of the ceiling's burst. */
void check_screen(struct reader *r)
{
	const struct config *c = r->config;
	const struct config_rate *ceiling = &c->screen.ceiling;
	uint64_t least = 2ull * (config_peer_count(c) + 1 + c->workers);

	if (ceiling->per_second && ceiling->burst < least) {
		bool said = reader_has(r, "screen.ceiling.burst");
		reader_reject(r, said ? "screen.ceiling.burst" : "screen.ceiling.per-second",
			      "'%u' is too small a burst for %u peers, the targets and %u workers; burst: %llu or more",
			      ceiling->burst, config_peer_count(c), c->workers, (unsigned long long)least);
	}
}
