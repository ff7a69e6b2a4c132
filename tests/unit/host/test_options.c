#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "options.h"

static const struct {
	const char *name;
	char *argv[5];
	int result;
	enum options_action action;
	const char *file;
	const char *error; /* part of the line */
} cases[] = {
    {"file", {"x", "-c", "a.yaml"}, 0, OPTIONS_RUN, "a.yaml", NULL},
    {"long", {"x", "--config", "a.yaml"}, 0, OPTIONS_RUN, "a.yaml", NULL},
    {"long with =", {"x", "--config=b"}, 0, OPTIONS_RUN, "b", NULL},
    {"help", {"x", "--help"}, 0, OPTIONS_HELP, NULL, NULL},
    {"help wins", {"x", "-c", "a", "-h"}, 0, OPTIONS_HELP, "a", NULL},
    {"version", {"x", "--version"}, 0, OPTIONS_VERSION, NULL, NULL},
    {"nothing", {"x"}, -EINVAL, OPTIONS_RUN, NULL, "-c FILE is missing"},
    {"no value", {"x", "-c"}, -EINVAL, OPTIONS_RUN, NULL, "needs a value"},
    {"unknown", {"x", "--frob"}, -EINVAL, OPTIONS_RUN, NULL, "unknown option --frob"},
    {"left over", {"x", "-c", "a", "b"}, -EINVAL, OPTIONS_RUN, "a", "unexpected argument 'b'"},
};

Test(options, parse)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options o;
		char *text = NULL;
		size_t size;
		int argc = 0;
		FILE *errors = open_memstream(&text, &size);

		while (argc < 5 && cases[i].argv[argc])
			argc++;
		int r = options_parse(&o, argc, (char **)cases[i].argv, errors);
		fclose(errors);
		cr_expect_eq(r, cases[i].result, "%s: %d", cases[i].name, r);
		cr_expect_eq(o.action, cases[i].action, "%s", cases[i].name);
		if (cases[i].file)
			cr_expect_str_eq(o.config_file, cases[i].file, "%s", cases[i].name);
		if (cases[i].error)
			cr_expect(strstr(text, cases[i].error), "%s: %s", cases[i].name, text);
		else
			cr_expect_str_empty(text, "%s", cases[i].name);
		free(text);
	}
}
