/* The reference and the example know every key that a file may have. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include "load_text.h"
#include "raw.h"
#include "schema.h"
#include "wanted.h"

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

static void expect_wanted(const struct cyaml_schema_field *fields, const char *path)
{
	for (const struct cyaml_schema_field *f = fields; f->key; f++) {
		char below[120], entry[128];
		const struct cyaml_schema_value *v = &f->value;
		bool many = v->type == CYAML_SEQUENCE;
		snprintf(below, sizeof(below), "%s%s%s", path, *path ? "." : "", f->key);
		snprintf(entry, sizeof(entry), "%s%s", below, many ? "[7]" : "");
		if ((v->flags & SCHEMA_REQUIRED) == SCHEMA_REQUIRED)
			cr_expect_not_null(wanted_value(below), "nothing says what %s has to be", below);
		if (many)
			v = v->sequence.entry;
		if (v->type == CYAML_MAPPING)
			expect_wanted(v->mapping.fields, entry);
	}
}

/* Whoever leaves out what is required reads what it has to be. */
Test(config_docs, of_every_required_key_what_it_has_to_be)
{
	expect_wanted(raw_schema.mapping.fields, "");
	cr_expect_null(wanted_value("sip.t1"));
	cr_expect_null(wanted_value("ports[0].tap.x"));
	cr_expect_null(wanted_value("x.ports[0].tap"));
}
