/* Sounds as they are sent: encoded, in whole frames of 20 ms, in each codec that a prompt can be heard in.
 *
 * The tones of the telephone networks are computed, other sounds are read from WAV files. No DPDK, no clock, no thread:
 * it is called when a daemon starts, on a thread of the caller's when it reloads, and by `xfergate check`. What it
 * makes is never written again.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include "xfergate/config.h"
#include "xfergate/prompt.h"

#define SOUND_FRAME_MS	     20
#define SOUND_FRAME	     160  /* octets, in every codec, and units of its RTP clock, 8000 Hz (RFC 3551 4.5.2) */
#define SOUND_SECONDS_MAX    600  /* of a file */
#define SOUND_SECONDS_ALL    3600 /* of all files together */
#define SOUND_BYTES_A_SECOND (SOUND_CODECS * 8000)

enum sound_codec { SOUND_PCMU, SOUND_PCMA, SOUND_G722, SOUND_CODECS };

typedef const uint8_t sound_frame[SOUND_FRAME];

/* A decoder of G.722 goes by what it has heard before: in the state that another voice has left it in, a tone would
 * come as a loud noise. So each sound begins with silence, which brings every decoder into the state that the sound was
 * encoded with, and a loop comes back to that state. */
#define SOUND_LEAD 5 /* frames of silence, once */

struct sound {
	char name[XF_PROMPT_NAME_SIZE];
	uint32_t frames; /* of one playing, from 1 */
	uint32_t intro;	 /* frames of the beginning that are not as they are when it is played again; with the lead */
	uint32_t times;	 /* that it is played; 0: over and over */
	sound_frame *payload[SOUND_CODECS]; /* intro, then frames */
};

/* What is sent as packet n. */
static inline const uint8_t *sound_at(const struct sound *sound, enum sound_codec codec, uint64_t n)
{
	return sound->payload[codec][n < sound->intro ? n : sound->intro + (n - SOUND_LEAD) % sound->frames];
}

/* How many packets it has; 0: it has no end. */
static inline uint64_t sound_packets(const struct sound *sound)
{
	return sound->times ? SOUND_LEAD + (uint64_t)sound->frames * sound->times : 0;
}

/* Linear samples, one channel. */
struct pcm {
	unsigned rate; /* Hz: 8000 or 16000 */
	size_t count;  /* from 1 */
	int16_t *samples;
};

/* In one piece of memory: sound_destroy. 0, -EINVAL (no samples, another rate, too long) or -ENOMEM. Of a sound that
 * goes on for ever or is played more than once the end leads on to its beginning without a click; a last frame that is
 * not whole is filled with silence if it is played once, else faded into the beginning. */
int sound_encode(struct sound **out, const char *name, const struct pcm *pcm, uint32_t times);
void sound_destroy(struct sound *sound);

/* A WAV file of PCM, float or G.711, one channel, 8000 or 16000 Hz, which is read from its beginning; fd is closed.
 * samples are the caller's, for free(). 0, or -errno and what is wrong with it. */
int sound_read(struct pcm *out, int fd, char *why, size_t why_size);

struct sound_list {
	uint32_t count;
	struct sound **sounds;
};

/* The tones of tone.h, silence and comfort noise. 0 or -ENOMEM. */
int sound_list_builtin(struct sound_list *out);
/* Those that the configuration names, in its order. 0, -ENOMEM, or -EINVAL after a line for each that cannot be had:
 * "file:line: sounds[0].file: …". */
int sound_list_load(struct sound_list *out, const struct config *config, FILE *errors);
/* The same, told one by one. */
int sound_list_check(struct sound_list *out, const struct config *config, config_tell *tell, void *arg);
void sound_list_destroy(struct sound_list *list);
