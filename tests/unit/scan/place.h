/* Memory in which a read before or behind a message ends the test. */
#pragma once

#include <stddef.h>

/* Copies len bytes so that they end at the end of a page behind which there is none. */
const void *place_last(const void *data, size_t len);
/* So that they begin at the beginning of a page before which there is none. */
const void *place_first(const void *data, size_t len);
