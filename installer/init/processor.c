/* SPDX-License-Identifier: MIT */
#include "init/processor.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define CPUID_1_ECX_HYPERVISOR (1u << 31)
#define CPUID_HYPERVISOR       0x40000000
#define EMULATOR	       "TCGTCGTCGTCG"

/* OPENSSL_ia32cap(3): without SSSE3 (bit 41) and AVX (bit 60), and without AVX2 (bit 5) and SHA
 * (bit 29) of the second word. */
#define CAPABILITIES	   "OPENSSL_ia32cap"
#define PLAIN_CAPABILITIES "~0x1000020000000000:~0x20000020"

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

/* Whether QEMU emulates the processor (its accelerator TCG), by the signature of CPUID leaf
 * 0x40000000 (QEMU, target/i386/cpu.c). False where processors do not say. */
static bool is_emulated(void)
{
#if defined(__x86_64__)
	unsigned eax, signature[3];

	if (processor_hypervisor() != PROCESSOR_VIRTUAL)
		return false;
	__cpuid(CPUID_HYPERVISOR, eax, signature[0], signature[1], signature[2]);
	return memcmp(signature, EMULATOR, sizeof(signature)) == 0;
#else
	return false;
#endif
}

void processor_prefer_plain_code(const char *program, char **argv)
{
	if (!is_emulated() || getenv(CAPABILITIES))
		return;
	if (setenv(CAPABILITIES, PLAIN_CAPABILITIES, 1) == 0)
		execv(program, argv);
	unsetenv(CAPABILITIES);
}
