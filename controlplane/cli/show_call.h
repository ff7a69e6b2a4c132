/* One call in full, and the cells that calls and transfers share. */
#pragma once

#include "show.h"

int show_call_print(const struct view *view, const json_t *call);
/* "caller connected, agent ringing" */
char *show_call_legs_cell(const json_t *legs);
/* "+12025550143 486, sip:desk@pbx.lab -" */
char *show_call_attempts_cell(const json_t *attempts);
/* One line an attempt: "  1. number +12025550143: 486 Busy Here (2.1 s)". */
void show_call_attempts(FILE *out, const json_t *attempts);
