#include "check.h"

#include <errno.h>
#include <jansson.h>
#include "sound/sound.h"
#include "xfergate/config.h"

static json_t *text_or_null(const char *text)
{
	/* a file may be named in any bytes */
	json_t *value = *text ? json_string(text) : json_null();
	return value ? value : json_string("(not UTF-8)");
}

/* arg: {"errors": [], "warnings": []} */
static void gather(void *arg, const struct config_problem *problem)
{
	json_t *list = json_object_get(arg, problem->warning ? "warnings" : "errors");
	json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:o}", "file", text_or_null(problem->file), "line",
					      problem->line ? json_integer(problem->line) : json_null(), "key",
					      text_or_null(problem->key), "text", text_or_null(problem->text)));
}

static int check(const char *file, config_tell *tell, void *arg, FILE *summary)
{
	struct config *config = NULL;
	struct sound_list sounds;
	int r = config_check(&config, file, tell, arg);
	if (r < 0)
		return r;
	r = sound_list_check(&sounds, config, tell, arg);
	if (r == 0) {
		sound_list_destroy(&sounds);
		if (summary)
			config_print(config, summary);
	}
	config_destroy(config);
	return r;
}

int check_run(const char *file, bool json, FILE *out, FILE *err)
{
	if (!json)
		return check(file, config_write_problem, err, out);
	json_t *told = json_pack("{s:[], s:[]}", "errors", "warnings");
	if (!told)
		return -ENOMEM;
	int r = check(file, gather, told, NULL);
	if (json_dumpf(told, out, JSON_INDENT(2)) < 0 && r == 0)
		r = -EIO;
	fputc('\n', out);
	json_decref(told);
	return r;
}
