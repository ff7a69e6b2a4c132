/* What a required key has to be, for whoever left it out. */
#pragma once

/* By its path in the file: "ports[0].tap". NULL: not one of the required keys. */
const char *wanted_value(const char *path);
