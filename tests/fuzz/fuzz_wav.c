/* A WAV file of any bytes: it is refused with a reason, or its sound is whole, bounded, and can be sent in every codec.
 */
#include <sys/mman.h>
#include <unistd.h>
#include "fuzz.h"
#include "sound/sound.h"

#define WAV_ENCODED_MAX 16000 /* samples that are encoded, too: the rest costs time and tells nothing new */

static void sent(const struct pcm *pcm, uint32_t times)
{
	struct pcm some = *pcm;
	struct sound *sound;
	unsigned sum = 0;
	if (some.count > WAV_ENCODED_MAX)
		some.count = WAV_ENCODED_MAX;
	fuzz_check(sound_encode(&sound, "fuzz", &some, times) == 0);
	fuzz_check(sound->frames > 0 && sound->intro >= SOUND_LEAD && sound->times == times);
	for (unsigned codec = 0; codec < SOUND_CODECS; codec++)
		for (uint64_t n = 0; n < SOUND_LEAD + 2ull * sound->frames; n++)
			for (unsigned i = 0; i < SOUND_FRAME; i++)
				sum += sound_at(sound, (enum sound_codec)codec, n)[i];
	fuzz_check(sum > 0);
	sound_destroy(sound);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int fd = memfd_create("wav", MFD_CLOEXEC);
	char why[256] = "";
	struct pcm pcm;
	fuzz_check(fd >= 0 && write(fd, data, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0);
	int r = sound_read(&pcm, fd, why, sizeof(why));
	fuzz_check(close(fd) < 0, "the file is open still");
	if (r < 0) {
		fuzz_check(why[0] && !pcm.samples && pcm.count == 0);
		return 0;
	}
	fuzz_check(pcm.rate == 8000 || pcm.rate == 16000);
	fuzz_check(pcm.count > 0 && pcm.count <= (size_t)SOUND_SECONDS_MAX * pcm.rate);
	sent(&pcm, 1);
	sent(&pcm, 0);
	free(pcm.samples);
	return 0;
}
