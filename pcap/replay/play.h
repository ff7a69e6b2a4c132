/* A replay from its command line to its end: both planes in a world, fed from a capture. One thread, one play a process
 * at a time.
 */
#pragma once

/* Before what includes env.h: see NS_PER_S there. */
#include "world/world.h"

#include "heap.h"
#include "history.h"
#include "judge/judge.h"
#include "lanes.h"
#include "options.h"
#include "standin.h"
#include "track.h"
#include "xfergate/e164.h"

struct play_note {
	uint64_t ns; /* since the capture's first packet */
	char *text;
};

struct play {
	const struct options *options;
	struct config *config;
	struct parties parties;
	struct recording *rec;
	struct matcher matcher;
	struct tracks tracks;
	struct standin standin;
	struct history history;
	struct lanes lanes;
	bool ladder;
	struct world *world;
	struct judge *judge;		    /* NULL: nobody asked */
	struct capture_writer *writer;	    /* NULL: nobody asked */
	struct capture_reassembly *outputs; /* fragments of what the gateway sends */
	struct capture_notes notes;	    /* of the first reading */
	uint64_t shift_ns;		    /* live = recorded + shift */
	uint64_t end_ns;		    /* live time of the capture's last packet */

	struct heap legs; /* with an input that is due */
	uint32_t *loose;  /* inputs outside legs, in order */
	uint32_t loose_count, loose_next;
	uint32_t *touched; /* legs whose dues must be found again */
	uint32_t touched_count;
	bool *is_touched;
	uint32_t opened; /* leg whose INVITE has just gone in; RECORDING_NONE */
	unsigned command_next;
	unsigned replies_open; /* commands without their result */
	unsigned commands_refused;
	uint64_t last_input_ns;

	/* what came out that matches nothing, what was put in by hand, what went late: told at the end */
	struct play_note *news, *notes_list;
	uint32_t news_count, news_room, notes_count, notes_room;
	uint64_t drops_seen[XF_DROP_COUNT], drops_next_ns; /* for the ladder */
	uint64_t clock_back;				   /* packets with which the capture's clock is put back */
	uint64_t sip_sent, sip_in, rtp_out, rtp_in, late, streams_in;
	uint64_t frames_out;
	bool failed;		/* out of memory */
	bool explained;		/* why the planes do not start has been said */
	FILE *out;		/* summary, results */
	char dial[E164_STRLEN]; /* what parties.dial points to, if it was spelt otherwise */
	unsigned width;		/* of the terminal behind `out`; 0: none */
};

#define PLAY_USAGE 1

/* Reads configuration and capture. 0; PLAY_USAGE: what the command line says of parties, numbers and hosts does not fit
 * them; or -errno. What is wrong has been said on stderr. */
int play_open(struct play **out, const struct options *options, FILE *summary);
/* Plays it to the end. 0 or -errno. */
int play_run(struct play *play);
void play_close(struct play *play);

/* How many inputs could never be sent, media counted as one a stream; gives up what is still open. */
uint64_t play_never(struct play *play);
/* Result in words; what matters goes to the judge too. */
void play_summary(struct play *play);
/* Figures as JSON. 0, or -errno said on stderr. */
int play_report(struct play *play, const char *path);

/* ---- inside: play_io.c, between script and world */
void play_frame(void *arg, unsigned port, const void *frame, size_t len);
int play_route(void *arg, const struct xf_addr *to, struct seam_route *out);
void play_resolve(void *arg, uint64_t query, const char *name);
void play_send_entry(struct play *play, const struct due *due);
void play_send_track(void *arg, const struct track *track, const struct track_slot *slot);
void play_send_standin(void *arg, uint32_t network, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		       const void *data, size_t len, bool media);
void play_standin_note(void *arg, const char *text);
/* Since the capture's first packet, of a live time. */
uint64_t play_since(const struct play *play, uint64_t live_ns);
void play_touch(struct play *play, uint32_t leg);
/* play_command.c: does the next command of the user; takes the control plane's answer to one. */
void play_command(struct play *play);
void play_reply(void *arg, uint64_t client, const char *json, size_t len);
__attribute__((format(printf, 2, 3))) void play_note(struct play *play, const char *format, ...);
