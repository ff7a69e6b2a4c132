/* Judges a document by libcyaml's tables: every unknown, doubled, missing or malformed key, not only the first. */
#pragma once

#include <cyaml/cyaml.h>
#include "document.h"
#include "problems.h"

/* For libcyaml every key is optional, so that it takes what is left of a faulty file; this bit, which it does not
 * look at, says which ones are not. */
#define SCHEMA_REQUIRED (CYAML_FLAG_OPTIONAL | (1 << 24))

/* Values of the key "password" are never repeated in a message. Marks what it complains about as bad in `doc`. */
void schema_check(struct document *doc, const struct cyaml_schema_value *schema, struct problems *problems);
