/* Runs a fuzz target over its seeds, as an ordinary unit test: each file of each folder named, whole and cut at up to
 * 32 places. */
#include <dirent.h>
#include "fuzz.h"

#define CUTS 32

__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

static void run(const char *data, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);
	fuzz_check(exact);
	memcpy(exact, data, len);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
}

static void run_file(const char *folder, const char *name)
{
	char path[1024], *data = NULL;
	size_t len = 0;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *in = fopen(path, "rb"), *out = open_memstream(&data, &len);
	fuzz_check(in && out, "%s", path);
	for (int c; (c = fgetc(in)) != EOF;)
		fputc(c, out);
	fclose(in);
	fclose(out);
	fprintf(stderr, "%s: %zu bytes\n", path, len);
	run(data, len);
	for (size_t i = 1; i < CUTS && len > 0; i++)
		run(data, len * i / CUTS);
	free(data);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	unsigned files = 0;
	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		struct dirent **names;
		int count = scandir(argv[i], &names, visible, alphasort);
		fuzz_check(count >= 0, "%s: no such folder", argv[i]);
		for (int k = 0; k < count; k++) {
			run_file(argv[i], names[k]->d_name);
			free(names[k]);
			files++;
		}
		free(names);
	}
	fuzz_check(files > 0, "no seed was run");
	return 0;
}
