#include "daemon/options.h"

#include <criterion/criterion.h>
#include <errno.h>

static int parse(struct options *options, char **argv, char *said, size_t size)
{
	int argc = 0;
	while (argv[argc])
		argc++;
	FILE *errors = fmemopen(said, size, "w");
	int result = options_parse(options, argc, argv, errors);
	fclose(errors);
	return result;
}

Test(options, table)
{
	static const struct {
		char *argv[5];
		int result;
		enum options_action action;
		const char *said;
	} rows[] = {
	    {{"x", "-c", "a.yaml"}, 0, OPTIONS_RUN, ""},
	    {{"x", "--config=a.yaml"}, 0, OPTIONS_RUN, ""},
	    {{"x", "--help"}, 0, OPTIONS_HELP, ""},
	    {{"x", "--version"}, 0, OPTIONS_VERSION, ""},
	    {{"x"}, -EINVAL, OPTIONS_RUN, "-c FILE is missing"},
	    {{"x", "-c"}, -EINVAL, OPTIONS_RUN, "a value is missing after -c"},
	    {{"x", "--nonsense"}, -EINVAL, OPTIONS_RUN, "unknown option --nonsense"},
	    {{"x", "-c", "a.yaml", "more"}, -EINVAL, OPTIONS_RUN, "unexpected argument more"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char said[256] = "";
		struct options options;
		char *argv[6];
		memcpy(argv, rows[i].argv, sizeof(rows[i].argv));
		argv[5] = NULL;
		cr_assert_eq(parse(&options, argv, said, sizeof(said)), rows[i].result, "row %zu", i);
		cr_assert_eq(options.action, rows[i].action, "row %zu", i);
		cr_assert_not_null(strstr(said, rows[i].said), "row %zu: %s", i, said);
		if (rows[i].result == 0 && rows[i].action == OPTIONS_RUN)
			cr_assert_str_eq(options.config_file, "a.yaml");
	}
}
