#include "reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "schema.h"

/* libcyaml takes what the walk over the document left; what it still dislikes is a fault of ours or lack of memory. */
static int load_raw(struct reader *r, const struct cyaml_config *cyaml, struct raw **raw)
{
	size_t len = 0;
	char *text = document_print(&r->doc, &len);

	if (!text)
		return -ENOMEM;
	cyaml_err_t err = cyaml_load_data((const uint8_t *)text, len, cyaml, &raw_schema, (cyaml_data_t **)raw, NULL);
	explicit_bzero(text, len);
	free(text);
	if (err == CYAML_OK)
		return 0;
	reader_reject(r, "", "libcyaml: %s", cyaml_strerror(err));
	return err == CYAML_ERR_OOM ? -ENOMEM : -EINVAL;
}

static int load_build(struct reader *r, const char *file)
{
	r->config = calloc(1, sizeof(*r->config));
	if (!r->config)
		return -ENOMEM;
	r->config->file = reader_copy(r, file);
	find_doubles(r);
	build_dataplane(r);
	build_control(r);
	build_screen(r);
	build_providers(r);
	if (r->out_of_memory)
		return -ENOMEM;
	build_numbers(r);
	build_sounds(r);
	build_plans(r);
	build_agents(r);
	if (r->out_of_memory)
		return -ENOMEM;
	build_routes(r);
	build_sip_servers(r);
	if (r->out_of_memory)
		return -ENOMEM;
	check_sources(r);
	check_media(r);
	check_screen(r);
	check_caller_ids(r);
	if (r->accounts)
		check_accounts(r);
	return r->out_of_memory ? -ENOMEM : 0;
}

static int load_reader(struct reader *r, const char *file)
{
	const struct cyaml_config cyaml = {.mem_fn = cyaml_mem, .flags = CYAML_CFG_NO_ALIAS};
	struct raw *raw = NULL;
	int err = document_open(&r->doc, file, &r->problems);

	if (err)
		return err;
	schema_check(&r->doc, &raw_schema, &r->problems);
	if (r->doc.bad[0])
		return -EINVAL;
	err = load_raw(r, &cyaml, &raw);
	if (!err) {
		r->raw = raw;
		err = load_build(r, file);
	}
	cyaml_free(&cyaml, &raw_schema, raw, 0);
	return err ? err : r->problems.errors ? -EINVAL : 0;
}

static int load(struct config **out, const char *file, config_tell *tell, void *arg, bool secrets, bool accounts)
{
	struct reader *r = calloc(1, sizeof(*r));
	char text[128] = "";
	int err = -ENOMEM;

	*out = NULL;
	if (r) {
		r->secrets = secrets;
		r->accounts = accounts;
		err = load_reader(r, file);
		problems_tell(&r->problems, file, tell, arg);
	}
	if (err == -EFBIG)
		snprintf(text, sizeof(text), "is too big; at most %d bytes", DOCUMENT_BYTES_MAX);
	else if (err && err != -EINVAL)
		snprintf(text, sizeof(text), "cannot be read: %s", strerror(-err));
	if (*text)
		tell(arg, &(struct config_problem){.file = file, .key = "", .text = text});
	if (!r)
		return err;
	document_close(&r->doc);
	problems_fini(&r->problems);
	if (err)
		config_destroy(r->config);
	else
		*out = r->config;
	free(r);
	return err;
}

int config_load(struct config **out, const char *file, FILE *errors)
{
	return load(out, file, config_write_problem, errors, true, false);
}

int config_load_without_secrets(struct config **out, const char *file, FILE *errors)
{
	return load(out, file, config_write_problem, errors, false, false);
}

int config_check(struct config **out, const char *file, config_tell *tell, void *arg)
{
	return load(out, file, tell, arg, true, true);
}
