#include "load_text.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* clang-format off */
const char load_base[] =
	/*  1 */ "ports:\n"
	/*  2 */ "- {name: p, device: net_null0, tap: t0, addresses: [192.0.2.1/24]}\n"
	/*  3 */ "networks:\n"
	/*  4 */ "- {name: n, port: p, sip: 192.0.2.1, media: [192.0.2.1]}\n"
	/*  5 */ "sip: {t1: 500ms}\n"
	/*  6 */ "media: {ports: 16384-32767}\n"
	/*  7 */ "providers:\n"
	/*  8 */ "- {name: a, owner: A, network: n, region: US, trunk: 'sip:a.example', sources: [203.0.113.0/24]}\n"
	/*  9 */ "- {name: b, owner: B, network: n, region: GB, trunk: 'sip:b.example', sources: [198.51.100.0/24]}\n"
	/* 10 */ "numbers:\n"
	/* 11 */ "- {number: '+12025550100', owner: A, verified: operator, providers: [a]}\n"
	/* 12 */ "- {number: '+442079460000', owner: B, verified: operator, providers: [b]}\n"
	/* 13 */ "agents:\n"
	/* 14 */ "- {name: bot, owner: A, network: n, uri: 'sip:bot@agent.example', sources: [192.0.2.10], may: {plans: [sales]}}\n"
	/* 15 */ "routes:\n"
	/* 16 */ "- {number: '+12025550100', agent: bot}\n"
	/* 17 */ "plans:\n"
	/* 18 */ "- {name: sales, owner: A, type: number, destination: '+12025550143', caller-id: '+12025550100', provider: a}\n"
	/* 19 */ "sip-servers:\n"
	/* 20 */ "- {host: pbx.example, owner: A}\n";
/* clang-format on */

static char *load_rename(const char *said, const char *file)
{
	char *out = calloc(1, strlen(said) + 1), *o = out;
	size_t len = strlen(file);

	while (*said) {
		if (strncmp(said, file, len) == 0) {
			*o++ = 'f';
			said += len;
		} else {
			*o++ = *said++;
		}
	}
	return out;
}

int load_text(struct config **config, const char *text, size_t len, bool secrets, char **said)
{
	char file[] = "/tmp/xfg-config-XXXXXX";
	int fd = mkstemp(file);
	char *raw = NULL;
	size_t raw_len;
	FILE *errors = open_memstream(&raw, &raw_len);

	cr_assert(fd >= 0 && errors);
	cr_assert_eq(write(fd, text, len), (ssize_t)len);
	close(fd);
	int err = secrets ? config_load(config, file, errors) : config_load_without_secrets(config, file, errors);
	fclose(errors);
	unlink(file);
	*said = load_rename(raw, file);
	free(raw);
	return err;
}

char *load_file(const char *path, size_t *len)
{
	FILE *in = fopen(path, "re");
	char *text = calloc(1, 1 << 20);

	cr_assert(in && text, "%s", path);
	*len = fread(text, 1, (1 << 20) - 1, in);
	fclose(in);
	return text;
}

char *load_edit(const char *text, unsigned number, const char *line)
{
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	for (unsigned n = 1; *text; n++) {
		size_t l = strcspn(text, "\n") + 1;
		if (n != number)
			fwrite(text, 1, l, f);
		else if (line)
			fprintf(f, "%s\n", line);
		text += l;
	}
	fclose(f);
	return out;
}
