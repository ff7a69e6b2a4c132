/* One history: the two real planes in a world of memory, the parties around them, the network between, and the judge
 * that watches. Everything a history allocates lives until its end. One thread. */
#pragma once

#include "world/world.h"
#include "dice.h"
#include "schedule.h"

#define SIM_NETWORKS 3 /* carrier, agents, pbx */
#define SIM_CALLS    4
#define SIM_PARTIES  64
#define SIM_START_NS (1000 * NS_PER_S)

enum sim_network { SIM_CARRIER, SIM_AGENTS, SIM_PBX };

struct judge;
struct party;
struct capture_writer;
struct capture_reassembly;

/* What a history is about; all plain: one call that is transferred and ends well, in a world without troubles. */
struct sim_plan {
	unsigned calls;
	unsigned rude;	  /* per mille of what parties send that breaks a rule */
	unsigned variant; /* of the configuration */
	bool shuffled;	  /* steps are taken in any order */
	bool spread;	  /* packets come in at any worker */
	bool troubles, strangers, operators, stalls;
	unsigned plot; /* enum sim_plot: a coincidence that dice alone would hardly bring about */
};

enum sim_plot {
	SIM_PLOT_NONE,
	SIM_PLOT_LATE,	/* the agent fails, a target answers and cannot be connected, the next one rings too long */
	SIM_PLOT_CROSS, /* somebody hangs up while a target is being connected */
};

struct sim_options {
	bool verbose;
	bool talk;	      /* log lines of both planes, too */
	const char *pcap;     /* file for what went in and came out, with its configuration beside it; NULL: none */
	const char *scenario; /* folder for the same as pcap/ has it; NULL: none */
	const char *fault;    /* the planes' deliberate one; NULL: none */
};

/* How the network of one side behaves now. */
struct network {
	unsigned loss, repeat, reorder; /* per mille */
	uint64_t delay_ns;
	bool cut;
};

struct sim_call {
	struct sim *sim;
	unsigned number;
	char caller[24]; /* number that the caller shows: unique in the history */
	struct party *party;
	uint64_t last_hangup_ns; /* an operator asked; 0: never */
};

struct sim {
	struct world *world;
	const struct config *config;
	struct dice *dice;
	uint64_t seed;
	struct sim_options options;
	struct sim_plan plan;
	struct schedule schedule;
	struct sim_chunk *chunks;

	struct network networks[SIM_NETWORKS];
	struct capture_reassembly *reassembly;
	struct capture_writer *writer;

	struct sim_call calls[SIM_CALLS];
	struct party *parties[SIM_PARTIES];
	unsigned party_count;
	unsigned serial; /* for tags, branches, Call-IDs */

	bool link, control, dataplane; /* up, alive, alive */
	bool calm;		       /* nothing goes wrong any more */
	bool stopping;		       /* the gateway was asked to stop */
	uint64_t jumped_ns;
	uint64_t troubled_ns; /* when link or a plane last was away, or the clock jumped */
	unsigned control_deaths, dataplane_deaths;
	uint64_t stalled_ns; /* until then this worker takes no step */
	unsigned stalled_worker;
	bool deaf[SIM_NETWORKS]; /* its neighbours were away: what was sent then, nobody has seen */

	struct judge *judge;
	struct {
		uint64_t when;
		const char *text;
	} kept[64]; /* the last things that happened, for the report */
	unsigned kept_count;
};

uint64_t sim_now(const struct sim *sim);
/* Zeroed. Never NULL. */
void *sim_alloc(struct sim *sim, size_t size);
void sim_free_all(struct sim *sim);
/* With a NUL after it. */
char *sim_copy(struct sim *sim, const void *data, size_t len);
__attribute__((format(printf, 2, 3))) char *sim_print(struct sim *sim, const char *format, ...);
void sim_later(struct sim *sim, uint64_t ms, void (*happens)(void *arg, uint64_t number), void *arg, uint64_t number);
__attribute__((format(printf, 2, 3))) void sim_note(struct sim *sim, const char *format, ...);
/* The worker that owns the endpoint there takes no step for so long; packets come in at others. Nothing if it is the
 * only one. */
void sim_stall(struct sim *sim, const struct xf_sockaddr *local, uint64_t ms);
/* The call that a caller number is of; NULL: none. */
struct sim_call *sim_call_of(struct sim *sim, const char *caller);

/* ---- play.c */
struct sim_result {
	bool failed;
	char invariant[32];
	char text[1024];
	uint64_t seen_ns;
	uint64_t world_ns; /* how long the history was */
	unsigned parties;
	uint64_t frames;
	uint64_t hash; /* of every frame that left and its time */
};
/* Plays one history: by the seed, or (trace not NULL) by what the trace says. *chosen (may be NULL): its choices. */
void sim_play(uint64_t seed, const struct dice_trace *trace, const struct sim_options *options,
	      struct sim_result *result, struct dice_trace *chosen);
/* Prints the last things that happened in the last failed history. */
void sim_print_last(FILE *out);
