/* DPDK for a benchmark that has everything in memory: no devices, no hugepages, one thread. */
#pragma once

/* On the first processor that the program may use, with so many megabytes. Ends the program if that cannot be had. */
void bench_eal(unsigned memory_mb);
