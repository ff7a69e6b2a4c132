/* WAV files: what is taken, and why others are not. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <math.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "hear.h"

static char file[] = "/tmp/xfg-sound-XXXXXX";

static void setup(void)
{
	strcpy(file, "/tmp/xfg-sound-XXXXXX");
	close(mkstemp(file));
}

static void teardown(void)
{
	unlink(file);
}

TestSuite(read, .init = setup, .fini = teardown);

static void put(int format, int rate, int channels, size_t frames)
{
	SF_INFO info = {.format = format, .samplerate = rate, .channels = channels};
	SNDFILE *out = sf_open(file, SFM_WRITE, &info);
	struct pcm pcm = hear_sine((unsigned)rate, frames * (size_t)channels + 1, 500, 8000);
	cr_assert_not_null(out, "%s", sf_strerror(NULL));
	sf_command(out, SFC_SET_SCALE_INT_FLOAT_WRITE, NULL, SF_TRUE);
	cr_assert_eq(sf_writef_short(out, pcm.samples, (sf_count_t)frames), (sf_count_t)frames);
	sf_close(out);
	free(pcm.samples);
}

static int get(struct pcm *pcm, char why[256])
{
	why[0] = 0;
	return sound_read(pcm, open(file, O_RDONLY), why, 256);
}

Test(read, taken)
{
	static const int codings[] = {SF_FORMAT_PCM_16, SF_FORMAT_PCM_U8, SF_FORMAT_PCM_24, SF_FORMAT_PCM_32,
				      SF_FORMAT_FLOAT,	SF_FORMAT_ULAW,	  SF_FORMAT_ALAW};
	struct pcm pcm;
	char why[256];
	for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++)
		for (int rate = 8000; rate <= 16000; rate += 8000) {
			put(SF_FORMAT_WAV | codings[i], rate, 1, 4000);
			cr_assert_eq(get(&pcm, why), 0, "%x: %s", codings[i], why);
			cr_expect_eq(pcm.rate, (unsigned)rate);
			cr_expect_eq(pcm.count, 4000u);
			double heard = hear_hz(pcm.samples, 3200, pcm.rate, 500);
			cr_expect(fabs(heard - 8000) < 200, "%x: %f", codings[i], heard);
			free(pcm.samples);
		}
	put(SF_FORMAT_WAVEX | SF_FORMAT_PCM_16, 8000, 1, 10);
	cr_expect_eq(get(&pcm, why), 0, "%s", why);
	free(pcm.samples);
}

Test(read, refused)
{
	static const struct {
		int format, rate, channels;
		size_t frames;
		const char *why;
	} cases[] = {
	    {SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 1, 10, "has 44100 samples a second; 8000 or 16000"},
	    {SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 2, 10, "has 2 channels; one"},
	    {SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, 0, "holds no sound"},
	    {SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM, 8000, 1, 1000, "is compressed"},
	    {SF_FORMAT_AIFF | SF_FORMAT_PCM_16, 8000, 1, 10, "is no WAV file"},
	    {SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 8000, 1, 1000, "is no WAV file"},
	    {SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 8000, 1, SOUND_SECONDS_MAX * 8000u + 8000, "lasts 601 s; at most 600 s"},
	};
	struct pcm pcm;
	char why[256];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(cases[i].format, cases[i].rate, cases[i].channels, cases[i].frames);
		cr_expect_eq(get(&pcm, why), -EINVAL, "case %zu", i);
		cr_expect_null(pcm.samples);
		cr_expect_eq(strncmp(why, cases[i].why, strlen(cases[i].why)), 0, "%s", why);
	}
	put(SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 8000, 1, SOUND_SECONDS_MAX * 8000u);
	cr_expect_eq(get(&pcm, why), 0, "%s", why);
	free(pcm.samples);
}

Test(read, no_sound)
{
	struct pcm pcm;
	char why[256];
	cr_expect_eq(get(&pcm, why), -EINVAL, "an empty file");
	cr_expect_eq(strncmp(why, "is no sound: ", 13), 0, "%s", why);
	int fd = open(file, O_WRONLY);
	cr_assert_eq(write(fd, "Dear Sir or Madam,\n", 19), 19);
	close(fd);
	cr_expect_eq(get(&pcm, why), -EINVAL, "a letter");
	cr_expect_eq(sound_read(&pcm, open("/tmp", O_RDONLY), why, sizeof(why)), -EINVAL, "a folder");
	put(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, 4000);
	cr_assert_eq(truncate(file, 4000), 0);
	int r = get(&pcm, why);
	/* libsndfile takes what is there of a file that was cut. */
	cr_expect(r < 0 || pcm.count <= 1978, "%zu samples of 3956 bytes", pcm.count);
	free(pcm.samples);
	cr_assert_eq(truncate(file, 30), 0);
	cr_expect_eq(get(&pcm, why), -EINVAL, "half a header");
}

static int load(struct sound_list *list, struct config_sound *sounds, uint32_t count, char **said)
{
	struct config config = {.file = "x.yaml", .sounds = sounds, .sound_count = count};
	size_t len;
	FILE *errors = open_memstream(said, &len);
	int r = sound_list_load(list, &config, errors);
	fclose(errors);
	return r;
}

/* Every file that cannot be had is named, with its line. */
Test(read, list)
{
	struct config_sound sounds[] = {{"hold", file, 0, 7}, {"sorry", file, 2, 8}};
	struct sound_list list;
	char *said;
	put(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 1, 16000);
	cr_assert_eq(load(&list, sounds, 2, &said), 0, "%s", said);
	cr_assert_eq(list.count, 2u);
	cr_expect_str_eq(list.sounds[1]->name, "sorry");
	cr_expect_eq(list.sounds[0]->times, 0u);
	cr_expect_eq(list.sounds[1]->times, 2u);
	cr_expect_eq(list.sounds[1]->frames, 50u);
	sound_list_destroy(&list);
	free(said);
	sounds[0].file = (char *)"/nowhere/hold.wav";
	sounds[1].file = (char *)"/tmp";
	cr_expect_eq(load(&list, sounds, 2, &said), -EINVAL);
	cr_expect_eq(list.count, 0u);
	cr_expect_str_eq(said,
			 "x.yaml:7: sounds[0].file: '/nowhere/hold.wav' cannot be read: No such file or directory\n"
			 "x.yaml:8: sounds[1].file: '/tmp' is no file of at most 64 MB\n");
	free(said);
	cr_expect_eq(load(&list, NULL, 0, &said), 0);
	sound_list_destroy(&list);
	free(said);
}

/* All together no more than so much: exactly that is taken. */
Test(read, all_together, .timeout = 60)
{
	struct config_sound sounds[7];
	struct sound_list list;
	char *said, one[] = "/tmp/xfg-sound-XXXXXX";
	put(SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 8000, 1, SOUND_SECONDS_MAX * 8000u);
	for (unsigned i = 0; i < 7; i++)
		sounds[i] = (struct config_sound){"long", file, 1, 1 + i};
	cr_expect_eq(load(&list, sounds, SOUND_SECONDS_ALL / SOUND_SECONDS_MAX, &said), 0, "%s", said);
	sound_list_destroy(&list);
	free(said);
	close(mkstemp(one));
	char *keep = strdup(file);
	strcpy(file, one);
	put(SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 8000, 1, 1);
	sounds[6].file = one;
	for (unsigned i = 0; i < 6; i++)
		sounds[i].file = keep;
	cr_expect_eq(load(&list, sounds, 7, &said), -EINVAL);
	cr_expect_not_null(strstr(said, "x.yaml:7: sounds[6].file: "));
	cr_expect_not_null(strstr(said, "is too much; all sounds together at most 3600 s"));
	free(said);
	unlink(keep);
	free(keep);
}
