/* SPDX-License-Identifier: MIT */
#include "init/processor.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define CPUID_1_ECX_HYPERVISOR (1u << 31)

enum processor_answer processor_hypervisor(void)
{
#if defined(__x86_64__)
	unsigned eax, ebx, ecx, edx;

	return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & CPUID_1_ECX_HYPERVISOR)
		       ? PROCESSOR_VIRTUAL
		       : PROCESSOR_BARE;
#else
	return PROCESSOR_SILENT;
#endif
}
