/* A history from its first dice to its verdict. */
#include "capture/capture.h"
#include "coverage.h"
#include "judge.h"
#include "parts.h"
#include "party.h"

#include <rte_malloc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

#define ACTION_NS  (130 * NS_PER_S) /* when all troubles end */
#define QUIET_NS   (260 * NS_PER_S) /* how long it may take from then until nothing is left */
#define FRAMES_MAX 60000

static struct {
	char lines[64][160];
	unsigned count;
} last;

uint64_t sim_now(const struct sim *sim)
{
	return sim->world ? world_now(sim->world) : SIM_START_NS;
}

void sim_later(struct sim *sim, uint64_t ms, void (*happens)(void *arg, uint64_t number), void *arg, uint64_t number)
{
	schedule_add(&sim->schedule, sim_now(sim) + ms * NS_PER_MS, happens, arg, number);
}

void sim_note(struct sim *sim, const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	char *line = last.lines[last.count++ % 64];
	text[strcspn(text, "\r\n")] = 0;
	snprintf(line, sizeof(last.lines[0]), "%9.3f %.140s", (double)(sim_now(sim) - SIM_START_NS) / 1e9, text);
	if (sim->options.verbose)
		fprintf(stderr, "%s\n", line);
}

void sim_print_last(FILE *out)
{
	for (unsigned i = last.count > 40 ? last.count - 40 : 0; i < last.count; i++)
		fprintf(out, "  %s\n", last.lines[i % 64]);
}

struct sim_call *sim_call_of(struct sim *sim, const char *caller)
{
	for (unsigned i = 0; i < sim->plan.calls; i++)
		if (strcmp(sim->calls[i].caller, caller) == 0)
			return &sim->calls[i];
	return NULL;
}

/* ---- the world's questions */

static void on_frame(void *arg, unsigned port, const void *frame, size_t len)
{
	struct sim *sim = arg;
	if (sim->judge)
		network_frame(sim, port, frame, len);
}

static void on_log(void *arg, enum log_level level, const char *line)
{
	struct sim *sim = arg;
	if (sim->options.talk)
		fprintf(stderr, "%9.3f   %s\n", (double)(sim_now(sim) - SIM_START_NS) / 1e9, line);
	if (!sim->judge)
		return;
	if (strstr(line, "event=impossible")) {
		sim_note(sim, "%s", line);
		sim->judge->impossible++;
	}
	if (strstr(line, "hunter2"))
		judge_fail(sim, "secret", "a secret in the log: %s", line);
}

static bool is_stalled(const struct sim *sim)
{
	return !sim->calm && sim_now(sim) < sim->stalled_ns;
}

struct owner {
	struct xf_sockaddr local;
	int worker;
};

static void look_for_owner(void *arg, const struct xf_endpoint_state *state)
{
	struct owner *owner = arg;
	if (xf_sockaddr_eq(&state->local, &owner->local))
		owner->worker = state->worker;
}

void sim_stall(struct sim *sim, const struct xf_sockaddr *local, uint64_t ms)
{
	struct owner owner = {*local, -1};
	world_endpoints(sim->world, look_for_owner, &owner);
	if (owner.worker < 0 || sim->config->workers == 1)
		return;
	sim_note(sim, "worker %d stands still for %llu ms", owner.worker, (unsigned long long)ms);
	sim->stalled_worker = (unsigned)owner.worker;
	sim->stalled_ns = sim_now(sim) + ms * NS_PER_MS;
	sim->troubled_ns = sim->stalled_ns;
}

static unsigned on_choose(void *arg, uint32_t ready)
{
	struct sim *sim = arg;
	if (is_stalled(sim))
		ready &= ~(1u << sim->stalled_worker);
	if (!ready)
		return WORLD_WAIT;
	unsigned count = (unsigned)__builtin_popcount(ready);
	if (sim->calm || !sim->plan.shuffled)
		return (unsigned)__builtin_ctz(ready);
	if (dice_chance(sim->dice, DICE_ORDER, 20))
		return WORLD_WAIT;
	unsigned skip = count > 1 ? dice_roll(sim->dice, DICE_ORDER, count) : 0;
	while (skip--)
		ready &= ready - 1;
	return (unsigned)__builtin_ctz(ready);
}

static unsigned on_spread(void *arg, unsigned port, const void *frame, size_t len)
{
	struct sim *sim = arg;
	if (is_stalled(sim))
		return (sim->stalled_worker + 1) % sim->config->workers;
	return sim->plan.spread ? dice_roll(sim->dice, DICE_SPREAD, sim->config->workers) : 0;
}

/* ---- its course */

static void draw_plan(struct sim *sim)
{
	static const unsigned rude[] = {0, 5, 30};
	struct sim_plan *plan = &sim->plan;
	struct dice *dice = sim->dice;
	plan->calls = 1 + DICE_PICK(dice, DICE_WORLD, 60, 30, 10);
	plan->rude = rude[DICE_PICK(dice, DICE_WORLD, 75, 15, 10)];
	plan->variant = dice_roll(dice, DICE_WORLD, SETTINGS);
	plan->shuffled = dice_chance(dice, DICE_WORLD, 300);
	plan->spread = dice_chance(dice, DICE_WORLD, 300);
	plan->troubles = dice_chance(dice, DICE_WORLD, 350);
	plan->strangers = dice_chance(dice, DICE_WORLD, 250);
	plan->operators = dice_chance(dice, DICE_WORLD, 300);
	plan->stalls = dice_chance(dice, DICE_WORLD, 120);
	plan->plot = DICE_PICK(dice, DICE_WORLD, 930, 20, 50);
	if (plan->plot)
		plan->variant = plan->variant / 3 * 3 + 1; /* two workers */
	if (plan->plot == SIM_PLOT_LATE)
		plan->variant = SETTINGS / 2 + plan->variant % (SETTINGS / 2); /* short calls */
	trouble_networks(sim);
}

static void look(void *arg, uint64_t number)
{
	struct sim *sim = arg;
	judge_look(sim);
	sim_later(sim, 1000, look, sim, 0);
}

static bool go_on(const struct sim *sim)
{
	return !sim->judge->failed;
}

/* All that is due up to and including until_ns. */
static void run(struct sim *sim, uint64_t until_ns)
{
	while (go_on(sim)) {
		uint64_t due = schedule_next(&sim->schedule), next = world_next(sim->world);
		uint64_t at = due < next ? due : next;
		if (at > until_ns)
			break;
		uint64_t now = world_now(sim->world);
		/* What waits by dice goes on a little later. */
		uint64_t wait = is_stalled(sim) ? NS_PER_MS : WORLD_WAIT_NS;
		if (next <= now && (sim->plan.shuffled || is_stalled(sim)))
			at = due < now + wait ? due : now + wait;
		if (at > now || next <= now)
			world_run(sim->world, at > now ? at : now);
		struct event event;
		while (go_on(sim) && schedule_next(&sim->schedule) <= world_now(sim->world) &&
		       schedule_take(&sim->schedule, &event))
			event.happens(event.arg, event.number);
	}
	if (go_on(sim) && until_ns > world_now(sim->world))
		world_run(sim->world, until_ns);
}

static bool is_busy(const struct sim *sim)
{
	for (unsigned i = 0; i < sim->party_count; i++)
		if (!sim->parties[i]->ended)
			return true;
	return sim->party_count < sim->plan.calls;
}

/* Nothing goes wrong any more, and whoever is still in a call hangs up. */
static void calm_down(struct sim *sim)
{
	sim_note(sim, "calm");
	sim->calm = true;
	trouble_mend(sim);
	for (unsigned i = 0; i < sim->party_count; i++)
		party_bye(sim->parties[i]);
	for (unsigned i = 0; i < sim->plan.calls; i++) {
		char *line =
		    sim_print(sim, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"hangup\",\"params\":{\"call\":\"%s\"}}",
			      sim->calls[i].caller);
		sim->calls[i].last_hangup_ns = sim_now(sim);
		world_rpc(sim->world, 2, line, strlen(line));
	}
}

static void end_well(struct sim *sim)
{
	char why[256] = "";
	uint64_t end = sim_now(sim) + QUIET_NS;
	while (go_on(sim) && sim_now(sim) < end) {
		run(sim, sim_now(sim) + 2 * NS_PER_S);
		if (go_on(sim) && judge_is_empty(sim, why, sizeof(why)))
			break;
	}
	if (*why)
		judge_fail(sim, "left", "%.0f s after the last trouble there is left: %s", (double)QUIET_NS / 1e9, why);
	judge_end(sim);
}

static void course(struct sim *sim)
{
	uint64_t end = sim_now(sim) + ACTION_NS;
	for (unsigned i = 0; i < sim->plan.calls; i++)
		caller_plan(sim, i);
	trouble_plan(sim);
	operator_plan(sim);
	stranger_plan(sim);
	sim_later(sim, 1000, look, sim, 0);
	while (go_on(sim) && sim_now(sim) < end && sim->judge->frames < FRAMES_MAX && is_busy(sim))
		run(sim, sim_now(sim) + NS_PER_S);
	if (go_on(sim)) {
		calm_down(sim);
		end_well(sim);
	}
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	if (!file || fputs(text, file) < 0)
		fprintf(stderr, "xfergate-sim: %s cannot be written\n", path);
	if (file)
		fclose(file);
}

static void open_files(struct sim *sim)
{
	char why[CAPTURE_WHY], pcap[512], config[512], env[512];
	const char *text, *folder = sim->options.scenario;
	if (!sim->options.pcap && !folder)
		return;
	if (folder) {
		mkdir(folder, 0777);
		snprintf(pcap, sizeof(pcap), "%s/input.pcap", folder);
		snprintf(config, sizeof(config), "%s/config.yaml", folder);
		snprintf(env, sizeof(env), "%s/replay.env", folder);
		write_file(env, "SIM_PASSWORD=hunter2\n");
	} else {
		snprintf(pcap, sizeof(pcap), "%s", sim->options.pcap);
		snprintf(config, sizeof(config), "%s.yaml", sim->options.pcap);
	}
	setting_get(sim->plan.variant, &text);
	write_file(config, text);
	if (capture_writer_open(&sim->writer, pcap, why) < 0)
		fprintf(stderr, "xfergate-sim: %s\n", why);
}

void sim_play(uint64_t seed, const struct dice_trace *trace, const struct sim_options *options,
	      struct sim_result *result, struct dice_trace *chosen)
{
	struct rte_malloc_socket_stats before, after;
	rte_malloc_get_socket_stats(0, &before);
	fault_set(options->fault);
	struct sim sim = {.seed = seed, .options = *options, .link = true, .control = true, .dataplane = true};
	*result = (struct sim_result){0};
	last.count = 0;
	sim.dice = trace ? dice_replay(trace) : dice_create(seed);
	draw_plan(&sim);
	sim.config = setting_get(sim.plan.variant, NULL);
	struct world_config config = {
	    .config = sim.config,
	    .ops = {.arg = &sim,
		    .frame = on_frame,
		    .resolve = names_asked,
		    .reply = operator_answered,
		    .log = on_log,
		    .choose = sim.plan.shuffled || sim.plan.stalls || sim.plan.plot ? on_choose : NULL,
		    .spread = sim.plan.spread || sim.plan.stalls || sim.plan.plot ? on_spread : NULL},
	    .seed = seed,
	    .start_ns = SIM_START_NS,
	};
	if (!sim.config || capture_reassembly_create(&sim.reassembly) < 0 || world_create(&sim.world, &config) < 0) {
		fprintf(stderr, "xfergate-sim: no world for seed %llu\n", (unsigned long long)seed);
		exit(3);
	}
	judge_begin(&sim);
	open_files(&sim);
	course(&sim);
	coverage_collect(&sim);
	*result = sim.judge->result;
	result->world_ns = sim_now(&sim) - SIM_START_NS;
	result->parties = sim.party_count;
	result->frames = sim.judge->frames;
	sim.judge = NULL;
	if (sim.writer)
		capture_writer_close(sim.writer, true);
	if (chosen)
		*chosen = dice_trace(sim.dice);
	world_destroy(sim.world);
	rte_malloc_get_socket_stats(0, &after);
	if (!result->failed && after.alloc_count != before.alloc_count) {
		result->failed = true;
		snprintf(result->invariant, sizeof(result->invariant), "left");
		snprintf(result->text, sizeof(result->text),
			 "the world is gone, and %u allocations of DPDK's heap, %u before", after.alloc_count,
			 before.alloc_count);
	}
	capture_reassembly_destroy(sim.reassembly);
	dice_destroy(sim.dice);
	schedule_fini(&sim.schedule);
	sim_free_all(&sim);
}
