/* The reference and the example know every key that a file may have. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include "load_text.h"
#include "raw.h"

static unsigned seen;

/* `section`: the part of the reference that the key must stand in. */
static void expect_keys(const struct cyaml_schema_field *fields, const char *section, const char *example)
{
	char needle[80];

	for (const struct cyaml_schema_field *f = fields; f->key; f++) {
		if (strcmp(f->key, "password") == 0)
			continue;
		seen++;
		snprintf(needle, sizeof(needle), "`%s`", f->key);
		cr_expect(strstr(section, needle), "%s is not in: %.40s", needle, section);
		snprintf(needle, sizeof(needle), "%s:", f->key);
		cr_expect(strstr(example, needle), "the example has no %s", needle);
		if (f->value.type == CYAML_MAPPING)
			expect_keys(f->value.mapping.fields, section, example);
	}
}

Test(config_docs, tell_every_key)
{
	size_t len;
	char *reference = load_file(REFERENCE, &len), *example = load_file(EXAMPLE, &len);

	for (const struct cyaml_schema_field *f = raw_schema.mapping.fields; f->key; f++) {
		const struct cyaml_schema_value *v =
		    f->value.type == CYAML_SEQUENCE ? f->value.sequence.entry : &f->value;
		char heading[40];
		snprintf(heading, sizeof(heading), "\n## %s\n", f->key);
		char *section = strstr(reference, heading), *end = section ? strstr(section + 1, "\n## ") : NULL;
		cr_assert(section, "no section %s", f->key);
		char *copy = strndup(section, end ? (size_t)(end - section) : strlen(section));
		expect_keys(v->mapping.fields, copy, example);
		free(copy);
	}
	cr_expect_gt(seen, 70);
	free(reference);
	free(example);
}
