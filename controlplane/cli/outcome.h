/* What people see of a transfer and of a hang-up. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Prints how the transfer went; on failure the reason, one sentence, to err. 0 if it is connected (or, without waiting,
 * started), else 1, the exit code. */
int outcome_transfer(FILE *out, FILE *err, const json_t *transfer, bool waited);
/* The exit code alone, printing nothing to out: for --json. */
int outcome_transfer_json(FILE *err, const json_t *transfer, bool waited);
void outcome_hangup(FILE *out, const json_t *result);
