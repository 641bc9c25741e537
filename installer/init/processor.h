/* SPDX-License-Identifier: MIT */
/*
 * processor — whether the processor itself says that a hypervisor runs below the kernel, and what
 * to do where QEMU emulates it.
 *
 * The only code that is written for one architecture. On x86 the hypervisor bit of CPUID leaf 1
 * says so (Intel SDM 2A, CPUID; AMD APM 3, E.3.2). On arm64 no register does: a hypervisor answers
 * calls by the SMC Calling Convention, which only a kernel can make.
 *
 * Tested by: tests/unit/test_machine.c, tests/build/aarch64.sh, tests/build/emulated.sh.
 */
#pragma once

enum processor_answer {
	PROCESSOR_SILENT, /* the processors of this architecture do not say */
	PROCESSOR_BARE,
	PROCESSOR_VIRTUAL,
};

enum processor_answer processor_hypervisor(void);

/* On a processor that QEMU emulates (its accelerator TCG), starts the program again, as `program`
 * with argv, with a variable by which libcrypto uses no vector instructions. libcrypto reads it
 * when a program starts. With AVX2 it computes 22 MiB of SHA-256 a second there, without 110.
 * Returns if there is nothing to do, or if the start fails. Call it before anything else. */
void processor_prefer_plain_code(const char *program, char **argv);
