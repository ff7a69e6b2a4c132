#include "sound.h"

#include <errno.h>
#include <math.h>
#include <sndfile.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES_MAX (64 * 1024 * 1024) /* of a file: more than the longest in floating point */
#define READ_BLOCK     4096

static int read_refuse(char *why, size_t why_size, const char *what)
{
	snprintf(why, why_size, "%s", what);
	return -EINVAL;
}

/* What a worker can send of it. */
static int read_judge(const SF_INFO *info, char *why, size_t why_size)
{
	int type = info->format & SF_FORMAT_TYPEMASK, coding = info->format & SF_FORMAT_SUBMASK;

	if (type != SF_FORMAT_WAV && type != SF_FORMAT_WAVEX)
		return read_refuse(why, why_size,
				   "is no WAV file; WAV, like sox makes it: sox IN -r 16000 -c 1 OUT.wav");
	if (coding != SF_FORMAT_PCM_16 && coding != SF_FORMAT_PCM_U8 && coding != SF_FORMAT_PCM_24 &&
	    coding != SF_FORMAT_PCM_32 && coding != SF_FORMAT_FLOAT && coding != SF_FORMAT_ULAW &&
	    coding != SF_FORMAT_ALAW)
		return read_refuse(why, why_size, "is compressed; PCM, float, or G.711");
	if (info->samplerate != 8000 && info->samplerate != 16000) {
		snprintf(why, why_size, "has %d samples a second; 8000 or 16000, like sox IN -r 16000 -c 1 OUT.wav",
			 info->samplerate);
		return -EINVAL;
	}
	if (info->channels != 1) {
		snprintf(why, why_size, "has %d channels; one, like sox IN -c 1 OUT.wav", info->channels);
		return -EINVAL;
	}
	if (info->frames <= 0)
		return read_refuse(why, why_size, "holds no sound; at least one sample");
	if (info->frames > (sf_count_t)SOUND_SECONDS_MAX * info->samplerate) {
		snprintf(why, why_size, "lasts %lld s; at most %d s", (long long)(info->frames / info->samplerate),
			 SOUND_SECONDS_MAX);
		return -EINVAL;
	}
	return 0;
}

/* NaN is silence. */
static int16_t read_sample(float value)
{
	double scaled = isnan(value) ? 0 : 32768.0 * value;

	return (int16_t)lrint(fmax(INT16_MIN, fmin(INT16_MAX, scaled)));
}

static int read_samples(struct pcm *out, SNDFILE *file, const SF_INFO *info, char *why, size_t why_size)
{
	float block[READ_BLOCK];
	sf_count_t n;

	*out = (struct pcm){.rate = (unsigned)info->samplerate};
	out->samples = malloc((size_t)info->frames * sizeof(*out->samples));
	if (out->samples == NULL) {
		snprintf(why, why_size, "does not fit into memory");
		return -ENOMEM;
	}
	/* As floating point of +-1, whatever is in the file: libsndfile makes the loudest of a float full scale else.
	 */
	while ((n = sf_readf_float(file, block, READ_BLOCK)) > 0 && out->count + (size_t)n <= (size_t)info->frames)
		for (sf_count_t i = 0; i < n; i++)
			out->samples[out->count++] = read_sample(block[i]);
	if (out->count == (size_t)info->frames && sf_error(file) == SF_ERR_NO_ERROR)
		return 0;
	snprintf(why, why_size, "breaks off: %s",
		 sf_error(file) ? sf_strerror(file) : "its header says more than it holds");
	free(out->samples);
	*out = (struct pcm){0};
	return -EINVAL;
}

int sound_read(struct pcm *out, int fd, char *why, size_t why_size)
{
	SF_INFO info = {0};
	struct stat st;

	*out = (struct pcm){0};
	int r = fstat(fd, &st) < 0 ? -errno : !S_ISREG(st.st_mode) || st.st_size > READ_BYTES_MAX ? -EINVAL : 0;
	if (r < 0) {
		snprintf(why, why_size, "is no file of at most %d MB", READ_BYTES_MAX >> 20);
		close(fd);
		return r;
	}
	SNDFILE *file = sf_open_fd(fd, SFM_READ, &info, SF_TRUE);
	if (file == NULL) {
		/* It has closed fd, too. */
		snprintf(why, why_size, "is no sound: %s", sf_strerror(NULL));
		return -EINVAL;
	}
	r = read_judge(&info, why, why_size);
	if (r == 0)
		r = read_samples(out, file, &info, why, why_size);
	sf_close(file);
	return r;
}
