/* SPDX-License-Identifier: MIT */
/*
 * overflow — an install that writes one byte behind what it has allocated, to see that its
 * sanitizer's report is noticed. Linked with -Wl,--wrap=machine_check_memory.
 */
#include <stdlib.h>

#include "init/machine.h"

int __real_machine_check_memory(struct error *err);
int __wrap_machine_check_memory(struct error *err);

int __wrap_machine_check_memory(struct error *err)
{
	volatile char *bytes = malloc(16);
	volatile size_t size = 16;

	bytes[size] = 1;
	free((void *)bytes);
	return __real_machine_check_memory(err);
}
