#include "screening.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "fast/counter.h"
#include "peer_limits.h"
#include "note.h"

static int screening_failed(const struct screening *s, int r)
{
	note_error(s->seam, "screen-failed", "error=\"%s\"", strerror(-r));
	return r;
}

/* Each line of what a reader of files had to say; if it said nothing, its result. */
static int screening_refused(const struct screening *s, char *text, int r)
{
	char *rest = NULL, *line = strtok_r(text, "\n", &rest);

	if (!line)
		return screening_failed(s, r);
	for (; line; line = strtok_r(NULL, "\n", &rest))
		note_error(s->seam, "signatures-refused", "error=\"%s\"", line);
	return r;
}

static int screening_load(struct screening *s, const char *file)
{
	char *text = NULL;
	size_t len = 0;
	FILE *errors = open_memstream(&text, &len);

	if (errors == NULL)
		return screening_failed(s, -ENOMEM);
	int r = signatures_load(&s->signatures, file, errors);
	fclose(errors);
	if (r < 0)
		screening_refused(s, text, r);
	free(text);
	if (r < 0)
		return r;
	counter32_set(&s->rule_count, signatures_count(s->signatures));
	s->rules = calloc(s->rule_count + 1, sizeof(*s->rules));
	return s->rules ? 0 : screening_failed(s, -ENOMEM);
}

static int screening_worker(struct screening *s, const struct config *config, unsigned worker)
{
	int r = peer_limits_plan(&s->plans[worker], config, worker, config->workers);

	if (r == 0 && s->plans[worker])
		r = buckets_create(&s->buckets[worker], s->plans[worker]);
	if (r == 0 && s->signatures)
		r = signatures_scratch_create(&s->scratch[worker], s->signatures);
	return r < 0 ? screening_failed(s, r) : 0;
}

int screening_init(struct screening *s, const struct config *config, const struct dplane_seam *seam)
{
	int r = 0;

	s->seam = seam;
	s->malformed_drop = config->screen.malformed_drop;
	if (config->screen.signatures)
		r = screening_load(s, config->screen.signatures);
	for (; s->workers < config->workers && r == 0; s->workers++)
		r = screening_worker(s, config, s->workers);
	if (r < 0)
		screening_fini(s);
	return r;
}

void screening_fini(struct screening *s)
{
	for (unsigned w = 0; w < WORKER_MAX; w++) {
		buckets_destroy(s->buckets[w]);
		buckets_plan_destroy(s->plans[w]);
		signatures_scratch_destroy(s->scratch[w]);
		s->buckets[w] = NULL;
		s->plans[w] = NULL;
		s->scratch[w] = NULL;
	}
	signatures_destroy(s->signatures);
	s->signatures = NULL;
	free(s->rules);
	s->rules = NULL;
}

struct screen_rules screening_rules(const struct screening *s, unsigned worker)
{
	return (struct screen_rules){
	    .signatures = s->signatures,
	    .scratch = s->scratch[worker],
	    .buckets = s->buckets[worker],
	    .malformed_drop = s->malformed_drop,
	};
}

uint64_t screening_hits(const struct screening *s, unsigned rule)
{
	uint64_t hits = s->rules[rule].kept;

	for (unsigned w = 0; w < s->workers; w++)
		hits += signatures_scratch_hits(s->scratch[w], rule);
	return hits;
}

void screening_count(const struct screening *s, unsigned peer, struct xf_link_peer *row)
{
	*row = (struct xf_link_peer){.peer = (uint16_t)peer};
	for (unsigned w = 0; w < s->workers; w++) {
		const struct worker_stats *stats = worker_stats(s->commands->workers[w]);
		row->passed += counter_get(&stats->peer_passed[peer]);
		for (unsigned d = 0; d < XF_SCREEN_DROP_COUNT; d++)
			row->drops[d] += counter_get(&stats->peer_drops[peer][d]);
	}
	for (unsigned d = 0; d < XF_SCREEN_DROP_COUNT; d++)
		row->dropped += row->drops[d];
	row->passed_per_s = counter_get(&s->peers[peer].passed_per_s);
	row->dropped_per_s = counter_get(&s->peers[peer].dropped_per_s);
}

static uint64_t screening_per_s(uint64_t n, uint64_t elapsed_ns)
{
	return (uint64_t)((unsigned __int128)n * 1000000000u / elapsed_ns);
}

static void screening_second_rule(struct screening *s, unsigned index, uint64_t elapsed_ns)
{
	struct screening_rule *rule = &s->rules[index];
	const struct signature *signature = signatures_rule(s->signatures, index);
	uint64_t hits = screening_hits(s, index), fresh = hits - rule->seen;

	rule->seen = hits;
	rule->per_s = screening_per_s(fresh, elapsed_ns);
	if (fresh && signature->action == SIGNATURE_ALERT)
		note_warning(s->seam, "signature-alert", "rule=%s line=%u messages=%llu", signature->id,
			     signature->line, (unsigned long long)fresh);
}

void screening_second(struct screening *s, uint64_t now_ns)
{
	uint64_t elapsed_ns = now_ns > s->second_ns ? now_ns - s->second_ns : 1;

	s->second_ns = now_ns;
	for (unsigned i = 0; i < XF_PEER_ROWS; i++) {
		struct screening_peer *peer = &s->peers[i];
		struct xf_link_peer row;
		screening_count(s, i, &row);
		counter_set(&peer->passed_per_s, screening_per_s(row.passed - peer->passed, elapsed_ns));
		counter_set(&peer->dropped_per_s, screening_per_s(row.dropped - peer->dropped, elapsed_ns));
		peer->passed = row.passed;
		peer->dropped = row.dropped;
	}
	for (unsigned i = 0; i < signatures_count(s->signatures); i++)
		screening_second_rule(s, i, elapsed_ns);
}
