/* Limits at exactly their value and one beyond, and the files that passwords come from. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "load_text.h"
#include "xfergate/endpoint.h"
#include "xfergate/source.h"

/* Loads load_base with a line replaced; returns the result, and what was said for free(). */
static int load_line(unsigned line, const char *text, struct config **config, char **said)
{
	char *edited = load_edit(load_base, line, text);
	int err = load_text(config, edited, strlen(edited), true, said);

	free(edited);
	return err;
}

static void expect_limit(unsigned line, const char *text, bool fits, const char *says)
{
	struct config *config;
	char *said;
	int err = load_line(line, text, &config, &said);

	cr_expect_eq(err, fits ? 0 : -EINVAL, "%.60s gives %d: %.300s", text, err, said);
	cr_expect(fits || strstr(said, says), "%.300s", said);
	config_destroy(config);
	free(said);
}

static char *list_sources(unsigned count)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	fputs("- {name: b, owner: B, network: n, region: GB, trunk: 'sip:b.example', sources: [", f);
	for (unsigned i = 0; i < count; i++)
		fprintf(f, "%s11.0.%u.%u", i ? "," : "", i / 256, i % 256);
	fputs("]}", f);
	fclose(f);
	return text;
}

/* The base has two blocks besides. */
Test(config_limits, sources_of_all_together)
{
	char *most = list_sources(XF_MAX_SOURCES - 2), *over = list_sources(XF_MAX_SOURCES - 1),
	     *list = list_sources(XF_MAX_SOURCES + 1);

	expect_limit(9, most, true, "");
	expect_limit(9, over, false, "4097 source blocks of providers and agents together; at most 4096");
	expect_limit(9, list, false, "providers[1].sources: has 4097 entries; 1 to 4096");
	free(most);
	free(over);
	free(list);
}

static char *list_media(unsigned count)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	fputs("- {name: n, port: p, sip: 192.0.2.1, media: [192.0.2.1]}\n- {name: m, port: p, sip: '192.0.2.1:5070', "
	      "media: [",
	      f);
	for (unsigned i = 0; i < count; i++)
		fprintf(f, "%s11.0.%u.%u", i ? "," : "", i / 256, i % 256);
	fputs("]}", f);
	fclose(f);
	return text;
}

Test(config_limits, media_addresses_of_all_together)
{
	char *most = list_media(XF_MAX_MEDIA_ADDRS - 1), *over = list_media(XF_MAX_MEDIA_ADDRS);

	expect_limit(4, most, true, "");
	expect_limit(4, over, false, "129 media addresses of all networks together; at most 128");
	free(most);
	free(over);
}

static char *list_ports(unsigned count)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	fputs("- {name: p, device: net_null0, tap: t0}", f);
	for (unsigned i = 1; i < count; i++)
		fprintf(f, "\n- {name: p%u, device: net_null%u, tap: t%u}", i, i, i);
	fclose(f);
	return text;
}

Test(config_limits, ports)
{
	char *most = list_ports(8), *over = list_ports(9);

	expect_limit(2, most, true, "");
	expect_limit(2, over, false, "ports: has 9 entries; 1 to 8");
	free(most);
	free(over);
}

/* Writes a password file, names it in line 20 of the base; the rest is what must come of it. */
static void expect_password(const char *content, size_t len, mode_t mode, const char *password, const char *says)
{
	char file[] = "/tmp/xfg-password-XXXXXX", line[160];
	struct config *config;
	char *said;
	int fd = mkstemp(file);

	cr_assert_eq(write(fd, content, len), (ssize_t)len);
	fchmod(fd, mode);
	close(fd);
	snprintf(line, sizeof(line), "- {host: pbx.example, owner: A, username: u, password-file: %s}", file);
	int err = load_line(20, line, &config, &said);
	unlink(file);
	cr_expect_eq(err, password ? 0 : -EINVAL, "%s", said);
	cr_expect(strstr(said, says), "%s", said);
	cr_expect_null(strstr(said, "hunter2"), "%s", said);
	if (config)
		cr_expect_str_eq(config->sip_servers[0].credentials.password, password);
	config_destroy(config);
	free(said);
}

Test(config_limits, password_files)
{
	char most[1026];

	memset(most, 'x', sizeof(most));
	expect_password("hunter2", 7, 0600, "hunter2", "");
	expect_password("hunter2\n", 8, 0600, "hunter2", "");
	expect_password("hunter2\r\n", 9, 0600, "hunter2", "");
	expect_password(" hunter 2 \n", 11, 0600, " hunter 2 ", "");
	expect_password("hunter2\n", 8, 0644, "hunter2", "can be read by everyone");
	expect_password("", 0, 0600, NULL, "is empty or has more than one line; the password, alone");
	expect_password("\n", 1, 0600, NULL, "is empty or has more than one line");
	expect_password("hunter2\nhunter2\n", 16, 0600, NULL, "is empty or has more than one line");
	expect_password("hunter2\0x", 9, 0600, NULL, "is empty or has more than one line");
	expect_password(most, 1025, 0600, NULL, "cannot be read: File too large; a file of at most 1024 bytes");
	most[1024] = 0;
	expect_password(most, 1024, 0600, most, "");
}
