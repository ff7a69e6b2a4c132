/* Out of memory as a test mode: the allocator of the program that links this stops giving, when it is told to. Its
 * functions stand before the C library's, so every library of the program has them too; the sanitizers do likewise,
 * which is why such a test is not built with them. */
#pragma once

extern long memory_allowed; /* allocations until all fail; -1: none fails */
extern long memory_refused; /* so far */
